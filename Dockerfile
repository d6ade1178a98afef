# The service (`presync serve`), configured by environment: see docs/deployment.md.
FROM node:22-slim AS build
WORKDIR /presync
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build && npm prune --omit=dev

FROM node:22-slim
WORKDIR /presync
COPY --from=build /presync/package.json ./
COPY --from=build /presync/node_modules ./node_modules
COPY --from=build /presync/dist ./dist
# Inside of a container, only what is published reaches it.
ENV PRESYNC_HOST=0.0.0.0 PORT=8787
EXPOSE 8787
USER node
HEALTHCHECK --interval=30s --timeout=3s CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/cli.js", "serve"]
