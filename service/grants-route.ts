/** `POST /v1/grants`: from a session to signed URLs. What a device may touch is decided here and nowhere else. */
import type { Hono } from "hono";
import { PresyncError } from "../shared/errors.ts";
import type { Grant, GrantRequest } from "../shared/grants.ts";
import { grantVersion } from "../shared/grants.ts";
import type { CheckedConfig } from "./config.ts";
import { readJson } from "./json-body.ts";
import { limit } from "./limits.ts";
import { exceededQuota } from "./quota.ts";
import type { Registry } from "./registry.ts";
import type { Sessions } from "./session.ts";
import type { Signer } from "./signer.ts";
import type { UsageCounter } from "./usage.ts";

export interface GrantParts {
  readonly sessions: Sessions;
  readonly registry: Registry;
  readonly signer: Signer;
  readonly usage: UsageCounter;
}

export function addGrants(app: Hono, config: CheckedConfig, parts: GrantParts): void {
  app.post("/v1/grants", async (c) => {
    const member = await parts.sessions.authenticate(c.req.header("authorization"));
    const { namespace } = member;
    await limit(config.limits, "grants", namespace);
    const request = parseGrantRequest(await readJson(c));
    const { own, known, rank, reserved } = await parts.registry.enrol(
      member,
      request.kind,
      request.replica,
    );
    const over = await exceededQuota(config.quota, parts.usage, namespace, rank);
    const issuedAt = config.now();
    // SigV4 counts in whole seconds, so the URLs' life starts at the last one.
    const signedAt = Math.floor(issuedAt / 1000) * 1000;
    const ownReplica = { replica: own, state: "own" } as const;
    const grant: Grant = {
      version: grantVersion,
      namespace,
      replica: own,
      layout: config.layout,
      issuedAt,
      expiresAt: signedAt + config.grantSeconds * 1000,
      put:
        over === undefined
          ? await parts.signer.sign({ method: "PUT", namespace, replicas: [ownReplica], signedAt })
          : null,
      get: await parts.signer.sign({
        method: "GET",
        namespace,
        replicas: [
          ownReplica,
          ...known,
          ...reserved.map((replica) => ({ replica, state: "reserved" }) as const),
        ],
        signedAt,
      }),
    };
    config.log({
      level: "info",
      event: "grant-issued",
      namespace,
      replica: own,
      replicas: known.length + 1,
    });
    if (over !== undefined)
      config.log({ level: "warn", event: "quota-exceeded", namespace, replica: own, quota: over });
    return c.json(grant);
  });
}

function parseGrantRequest(body: Readonly<Record<string, unknown>>): GrantRequest {
  const { kind, replica } = body;
  if (kind !== "browser" && kind !== "node")
    throw new PresyncError("malformed", "kind must be browser or node");
  if (replica === undefined) return { kind };
  if (typeof replica !== "string") throw new PresyncError("malformed", "replica must be text");
  return { kind, replica };
}
