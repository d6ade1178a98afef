import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import { LimitError } from "../limits.ts";
import type { BusMessage, HintBus } from "./bus.ts";
import type { HintHub, Listening } from "./hub.ts";
import { createHintHub } from "./hub.ts";
import { createMemoryBus } from "./memory-bus.ts";
import { checkHints } from "./settings.ts";

const namespaceOf = (user: number): Namespace => `key:user-${user}` as Namespace;

const listening = (user: number, more: Partial<Listening> = {}): Listening => ({
  member: { namespace: namespaceOf(user), family: "f", endedAt: 0, expiresAt: Infinity },
  replica: `browser-${String(user).padStart(6, "0")}` as ReplicaId,
  client: "192.0.2.7",
  after: null,
  ...more,
});

/** A bus that is taken down by hand. */
interface TestBus extends HintBus {
  isDown: boolean;
}

let bus: TestBus;
let hub: HintHub;
let closing: AbortController;
let forgotten: (Namespace | null)[];

beforeEach(() => {
  bus = Object.assign(createMemoryBus(), { isDown: false });
  closing = new AbortController();
  forgotten = [];
  hub = createHintHub({
    config: {
      now: () => 1_000_000,
      log() {},
      hints: checkHints({ watchMs: 0 }),
      closing: closing.signal,
    },
    bus,
    isGood: async () => true,
    forget: (namespace) => forgotten.push(namespace),
    watch: () => () => undefined,
  });
});

// The heartbeats end with the streams.
afterEach(() => closing.abort());

const codeOf = (run: () => unknown): unknown => {
  try {
    run();
  } catch (error) {
    return error instanceof LimitError ? "limit" : (error as { readonly code?: unknown }).code;
  }
  return undefined;
};

/** Everything that a stream has been sent, once it has ended. */
const read = (body: ReadableStream<Uint8Array>): Promise<string> => new Response(body).text();

describe("a bus that is down", () => {
  it("ends all streams and lets none begin, until it works again", async () => {
    const streams = [0, 1].map((user) => hub.listen(listening(user), null));
    bus.isDown = true;
    await bus.publish({ kind: "down" });
    for (const { body } of streams) expect(await read(body)).toContain("event: settings");
    expect(codeOf(() => hub.listen(listening(2), null))).toBe("retry");
    bus.isDown = false;
    expect(codeOf(() => hub.listen(listening(2), null))).toBeUndefined();
  });

  it("leaves nothing remembered of sign-ins once it may have lost something", async () => {
    const lost: BusMessage = { kind: "lost" };
    await bus.publish(lost);
    expect(forgotten).toEqual([null]);
  });
});

describe("streams of one client", () => {
  it("are limited, whoever they are of", () => {
    const first = hub.listen(listening(0), null);
    for (let user = 1; user < 400; user++) hub.listen(listening(user), null);
    expect(codeOf(() => hub.listen(listening(400), null))).toBe("limit");
    const elsewhere = listening(400, { client: "192.0.2.8" });
    expect(codeOf(() => hub.listen(elsewhere, null))).toBeUndefined();
    first.end();
    expect(codeOf(() => hub.listen(listening(401), null))).toBeUndefined();
  });

  it("are not, where all clients look alike", () => {
    for (let user = 0; user < 400; user++) hub.listen(listening(user, { client: "" }), null);
    expect(codeOf(() => hub.listen(listening(400, { client: "" }), null))).toBeUndefined();
  });
});

it("says that the bucket is watched once the store has spoken", async () => {
  const { namespace } = listening(0).member;
  const replica = listening(0).replica;
  const greeting = async (): Promise<string> => {
    const { body, end } = hub.listen(listening(0), null);
    end();
    return read(body);
  };
  expect(await greeting()).toContain('"watched":false');
  await hub.announce({ source: "store", namespace, replica });
  expect(await greeting()).toContain('"watched":true');
});
