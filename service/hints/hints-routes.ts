/** `/v1/hints`, `/v1/signals` and `/v1/store-events`: who may listen, and who may say that something has changed. */
import type { Context, Hono } from "hono";
import { PresyncError } from "../../shared/errors.ts";
import { isGeneration, isTime, signalBytesMax } from "../../shared/hints.ts";
import { isReplicaId } from "../../shared/keys.ts";
import type { CheckedConfig } from "../config.ts";
import { readJson } from "../json-body.ts";
import { limit } from "../limits.ts";
import { refuse } from "../refusal.ts";
import type { Callers } from "./callers.ts";
import type { HintHub } from "./hub.ts";
import { createStoreEventFilter, readStoreEvents } from "./store-events.ts";
import { showsSecret } from "./store-secret.ts";

export interface HintsRoutesParts {
  readonly hub: HintHub;
  readonly callers: Callers;
}

export function addHints(
  app: Hono,
  config: CheckedConfig,
  { hub, callers }: HintsRoutesParts,
): void {
  if (!config.hints.isOn) return;

  app.get("/v1/hints", async (c) => {
    const member = await callers.member(c.req.header("authorization"));
    await limit(config.limits, "hint-streams", member.namespace);
    const replica = await callers.replica(member, c.req.query("replica"));
    const after = positionOf(c.req.header("last-event-id"));
    // What ends from here on is told to the stream.
    if (!callers.isCurrent(member))
      throw new PresyncError("retry", "a sign-in has ended meanwhile; try again");
    const client = config.clientOf(c);
    const stream = hub.listen({ member, replica, client, after }, connectionOf(c));
    c.header("content-type", "text/event-stream");
    // Of nginx, which otherwise keeps what it gets until there is more of it.
    c.header("x-accel-buffering", "no");
    c.req.raw.signal.addEventListener("abort", () => stream.end());
    return c.body(stream.body);
  });

  app.post("/v1/hints", async (c) => {
    const member = await callers.member(c.req.header("authorization"));
    await limit(config.limits, "hints", member.namespace);
    const { replica: given, generation, hlc } = await readJson(c);
    if (!isGeneration(generation))
      throw new PresyncError("malformed", "generation must be a whole number");
    if (hlc !== undefined && !isTime(hlc)) throw new PresyncError("malformed", "hlc is no time");
    const replica = await callers.replica(member, given);
    const { namespace } = member;
    await hub.announce({
      source: "report",
      namespace,
      replica,
      generation,
      ...(hlc === undefined ? {} : { hlc: { wallMs: hlc.wallMs, counter: hlc.counter } }),
    });
    return c.body(null, 204);
  });

  app.post("/v1/signals", async (c) => {
    const member = await callers.member(c.req.header("authorization"));
    await limit(config.limits, "signals", member.namespace);
    const { from: given, to, payload } = await readJson(c);
    if (!isReplicaId(to)) throw new PresyncError("malformed", "to must be a replica");
    if (typeof payload !== "string") throw new PresyncError("malformed", "payload must be text");
    if (new TextEncoder().encode(payload).length > signalBytesMax)
      throw new PresyncError("too-large", `a signal has at most ${signalBytesMax} bytes`);
    const from = await callers.replica(member, given);
    // That `to` is the same user's follows from where it is sent: to those who listen to this namespace.
    await hub.relay({ namespace: member.namespace, from, to, payload });
    return c.body(null, 204);
  });

  if (config.hints.storeEventsSecret === null) return;
  const filter = createStoreEventFilter(config.store.bucket);
  app.post("/v1/store-events", async (c) => {
    if (!(await showsSecret(c.req.header("authorization"), config.hints.storeEventsSecret)))
      return refuse(c, 401, "unauthenticated", "this is for the object store");
    const body: unknown = await c.req.json().catch(() => undefined);
    if (body === undefined) throw new PresyncError("malformed", "the request must be JSON");
    await Promise.all(filter.take(readStoreEvents(body)).map((hint) => hub.announce(hint)));
    // Not 204: some stores take 200 alone for an answer.
    return c.json({ ok: true });
  });
}

/** What breaks the connection, on Node's server; null on others. */
function connectionOf(c: Context): (() => void) | null {
  const { outgoing } = (c.env ?? {}) as { readonly outgoing?: { destroy?: unknown } };
  return typeof outgoing?.destroy === "function"
    ? () => (outgoing as { destroy(): void }).destroy()
    : null;
}

/** Null for what is none, which is as if there had been no earlier stream. */
function positionOf(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : null;
}
