/** Who is taken for dead: one replica of which the test plays everything, and a clock in the test's hand. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { splitIntoFrames } from "../../shared/codecs/frames.ts";
import type { PeerMessage } from "../../shared/codecs/peer-message.ts";
import { encodePeerMessage } from "../../shared/codecs/peer-message.ts";
import type { Signal } from "../../shared/codecs/signal.ts";
import { decodeSignal, encodeSignal } from "../../shared/codecs/signal.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { ConnectionEvent } from "../../shared/peer-wire.ts";
import type { Bucket, World } from "../engine/world.ts";
import type { ManualTimers } from "../testing/manual-timers.ts";
import { createManualTimers } from "../testing/manual-timers.ts";
import type { Peers, PeersParts } from "./peers.ts";
import { createPeers } from "./peers.ts";

const own = "browser-00000b" as ReplicaId;
const other = "browser-00000a" as ReplicaId;

interface Connected {
  readonly peers: Peers;
  readonly timers: ManualTimers;
  receive(frame: Uint8Array): void;
}

const framesOf = (message: PeerMessage): Uint8Array[] =>
  splitIntoFrames(encodePeerMessage(message));

async function connected(): Promise<Connected> {
  const timers = createManualTimers();
  const world: Pick<World, "timers" | "clock" | "random"> = {
    timers,
    clock: { now: () => 0 },
    random: { uniform: () => 0.5, bytes: (count) => randomBytes(count) },
  };
  const engine: Partial<ReturnType<PeersParts["engine"]>> = {
    hint: () => undefined,
    peers: () => [],
    news: { outstanding: () => [], take: async () => null, receive: async () => [] } as never,
  };
  const peers = createPeers({
    world: world as World,
    engine: () => engine as ReturnType<PeersParts["engine"]>,
    isRevoked: () => false,
    hinted: () => undefined,
    changed: () => undefined,
  });
  const bucket: Partial<Bucket> = {
    replica: own,
    peers: () => [{ replica: other, state: "active" }],
    get: async () => null,
  };
  peers.use(bucket as Bucket);
  const sent: Signal[] = [];
  let signalled: (from: ReplicaId, bytes: Uint8Array) => void = () => undefined;
  peers.useService({
    send: async (_to, bytes) => void sent.push(decodeSignal(bytes)),
    subscribe(listener) {
      signalled = listener;
      return () => undefined;
    },
  });
  const hear = (event: ConnectionEvent): void => peers.heard("tab", event, () => undefined);
  hear({ what: "holding", isHolding: true });
  const connection = randomBytes(16);
  const id = bytesToHex(connection);
  const offer = { from: other, to: own, connection, nonce: randomBytes(16), sdp: "v=0" };
  signalled(other, encodeSignal({ ...offer, kind: "offer" }));
  await timers.advance(10);
  hear({ what: "described", id, sdp: "v=0" });
  await timers.advance(10);
  hear({ what: "opened", id });
  const receive = (frame: Uint8Array): void => hear({ what: "received", id, frame });
  const { nonce } = sent.at(-1)!;
  framesOf({ kind: "hello", replica: other, connection, nonce }).forEach(receive);
  await timers.advance(10);
  expect(peers.has(other)).toBe(true);
  return { peers, timers, receive };
}

test("who says nothing through three pings is dead", async () => {
  const { peers, timers } = await connected();
  await timers.advance(14_000);
  expect(peers.has(other)).toBe(true);
  await timers.advance(2_000);
  expect(peers.has(other)).toBe(false);
  peers.close();
});

test("a large message over a slow line is a sign of life, piece by piece", async () => {
  const { peers, timers, receive } = await connected();
  const document = {
    documentId: randomBytes(16),
    whole: false,
    dataVersion: 0,
    heads: [randomBytes(32)],
    chunks: [randomBytes(900_000)],
  };
  for (const frame of framesOf({ kind: "publication", document })) {
    // 400 kbit/s.
    await timers.advance(330);
    receive(frame);
    expect(peers.has(other)).toBe(true);
  }
  peers.close();
});
