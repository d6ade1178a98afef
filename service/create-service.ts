/**
 * The service: says who somebody is and signs URLs. It holds no state of its own (the registry lives in the bucket),
 * sees nothing of users' data but a manifest when a device is removed, and needs nothing but Web standards, so it runs on
 * Node and on any fetch-style runtime.
 */
import { Hono } from "hono";
import { routePath } from "hono/route";
import type { SignInMethods } from "../shared/sign-in.ts";
import type { ServiceConfig } from "./config.ts";
import { checkConfig } from "./config.ts";
import { createAdoptions } from "./adopted.ts";
import { cors } from "./cors.ts";
import { createMarkStore } from "./device-marks.ts";
import { addDevicesRoutes } from "./devices-routes.ts";
import { createDevices } from "./devices.ts";
import { createEmailLinks } from "./email-links.ts";
import { addEmailSignIn } from "./email-sign-in.ts";
import { createEverything } from "./everything.ts";
import { addGrants } from "./grants-route.ts";
import { createCallers } from "./hints/callers.ts";
import { addHints } from "./hints/hints-routes.ts";
import { createHintHub } from "./hints/hub.ts";
import { createWatcher } from "./hints/watcher.ts";
import { addKeySignIn } from "./key-sign-in.ts";
import { limit } from "./limits.ts";
import { safeLog } from "./log.ts";
import { createOneTimeCodes } from "./one-time-codes.ts";
import { addRedeem } from "./redeem-route.ts";
import { addRedirectSignIn } from "./redirect-sign-in.ts";
import { refuse, refuseError } from "./refusal.ts";
import { createRegistry } from "./registry.ts";
import { addSessionRoutes } from "./session-routes.ts";
import { createSessions } from "./session.ts";
import { requestRules } from "./request-rules.ts";
import { createSingleUse } from "./single-use.ts";
import { createSigner } from "./signer.ts";
import { createStoreClient } from "./store-client.ts";
import { createUsageCounter } from "./usage.ts";

const pageHeaders = {
  "referrer-policy": "no-referrer",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

/** Throws `invalid-argument` for a config that can never work. */
export function createService(given: ServiceConfig): Hono {
  const checked = checkConfig(given);
  const config = { ...checked, log: safeLog(checked.log) };
  const { log, now } = config;
  const store = createStoreClient(config);
  const { bus } = config.hints;
  const sessions = createSessions(store, {
    ...config,
    ended: (namespace) => bus.publish({ kind: "ended", namespace }),
  });
  const marks = createMarkStore(store, config, (family) => sessions.isOver(family));
  const registry = createRegistry(store, marks, config);
  const usage = createUsageCounter(store, config);
  const adoptions = createAdoptions(store);
  const devices = createDevices(config, { store, registry, marks, sessions, adoptions, usage });
  const singleUse = createSingleUse(store, config);
  const codes = createOneTimeCodes(singleUse, config);
  const links = createEmailLinks(store, singleUse, config);
  const app = new Hono();

  app.use(async (c, next) => {
    const startedAt = now();
    await next();
    c.header("date", new Date(now()).toUTCString());
    c.header("x-content-type-options", "nosniff");
    // The few pages there are bring their own.
    for (const [name, value] of Object.entries(pageHeaders))
      if (!c.res.headers.has(name)) c.header(name, value);
    // As it stands below: a path may hold a link's secret, and a query what a careless client put there.
    const path = routePath(c, -1);
    const { status } = c.res;
    log({
      level: "info",
      event: "request",
      method: c.req.method,
      path,
      status,
      ms: now() - startedAt,
    });
  });
  app.use("/v1/*", async (c, next) => {
    await next();
    c.header("cache-control", "no-store");
  });
  app.use(cors(new Set([...config.origins, config.serviceOrigin])));
  const rules = requestRules(config);
  app.use(rules.size);
  app.use("/v1/*", rules.rate);
  app.post("/v1/auth/*", async (c, next) => {
    await limit(config.limits, "sign-ins", config.clientOf(c));
    await next();
  });

  app.get("/healthz", (c) => c.json({ ok: true }));
  app.get("/v1/auth", (c) => {
    const email = config.email === null ? [] : ["email"];
    const answer: SignInMethods = {
      methods: ["key", ...email, ...config.providers.map(({ name }) => name)],
    };
    return c.json(answer);
  });
  addKeySignIn(app, config, sessions);
  addSessionRoutes(app, sessions);
  addRedirectSignIn(app, config, codes);
  if (config.email !== null) addEmailSignIn(app, config, { email: config.email, links, singleUse });
  addRedeem(app, config, { sessions, codes, links });
  addGrants(app, config, { sessions, registry, usage, signer: createSigner(config) });
  const callers = createCallers(sessions, registry, config);
  const watch = createWatcher({ config, store, changed: (hint) => hub.notice(hint) });
  const hub = createHintHub({
    config,
    bus,
    isGood: (member) => sessions.isGood(member),
    forget: (namespace) => (namespace === null ? callers.forgetAll() : callers.forget(namespace)),
    watch,
  });
  addHints(app, config, { hub, callers });
  const everything = createEverything(config, { store, devices, sessions, usage });
  addDevicesRoutes(app, config, { sessions, devices, everything });

  app.notFound((c) => refuse(c, 404, "invalid-argument", "there is nothing at this address"));
  app.onError((error, c) => refuseError(c, error, log));
  return app;
}
