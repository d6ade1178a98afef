/** `POST /v1/auth/refresh` and `POST /v1/auth/revoke`: what a session can do with itself. Neither has a body. */
import type { Hono } from "hono";
import type { Sessions } from "./session.ts";

export function addSessionRoutes(app: Hono, sessions: Sessions): void {
  app.post("/v1/auth/refresh", async (c) =>
    c.json(await sessions.refresh(c.req.header("authorization"))),
  );
  app.post("/v1/auth/revoke", async (c) => {
    await sessions.revoke(c.req.header("authorization"));
    return c.body(null, 204);
  });
}
