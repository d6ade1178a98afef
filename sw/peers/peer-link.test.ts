import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { splitIntoFrames } from "../../shared/codecs/frames.ts";
import type { PeerMessage } from "../../shared/codecs/peer-message.ts";
import { encodePeerMessage } from "../../shared/codecs/peer-message.ts";
import type { Signal } from "../../shared/codecs/signal.ts";
import { decodeSignal } from "../../shared/codecs/signal.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { ConnectionEvent } from "../../shared/peer-wire.ts";
import { createFakeConnections } from "../testing/fake-connections.ts";
import type { ManualTimers } from "../testing/manual-timers.ts";
import { createManualTimers } from "../testing/manual-timers.ts";
import { testReplicas } from "../testing/test-device.ts";
import type { PeerLink } from "./peer-link.ts";
import { createPeerLink } from "./peer-link.ts";

const [low, high, stranger] = testReplicas as [ReplicaId, ReplicaId, ReplicaId];

interface Side {
  readonly link: PeerLink;
  readonly log: string[];
  readonly messages: PeerMessage[];
  readonly sent: Signal[];
  /** What its tab says, or is made to say. */
  tell(event: ConnectionEvent): void;
}

/** Two replicas and their tabs; `deliver` decides what becomes of a signal. */
function pair(
  deliver: (signal: Signal, to: PeerLink) => void = (signal, to) => to.signalled(signal),
) {
  const timers = createManualTimers();
  const connections = createFakeConnections();
  const side = (own: ReplicaId, replica: ReplicaId, other: () => Side): Side => {
    const tell = (event: ConnectionEvent): void => {
      if (event.what !== "holding") self.link.heard(event);
    };
    const tab = connections.tab(own, tell);
    const self = {
      log: [] as string[],
      messages: [] as PeerMessage[],
      sent: [] as Signal[],
      tell,
    } as unknown as Side;
    const link = createPeerLink({
      world: { timers, random: { uniform: () => 0.5, bytes: (count) => randomBytes(count) } },
      own,
      replica,
      perform: tab.perform,
      async sendSignal(bytes) {
        const signal = decodeSignal(bytes);
        self.sent.push(signal);
        deliver(signal, other().link);
      },
      opened: () => void self.log.push("opened"),
      lost: () => void self.log.push("lost"),
      message: (message) => void self.messages.push(message),
      heard: () => void self.log.push("heard"),
      dropped: () => void self.log.push("dropped"),
      changed: () => undefined,
    });
    return Object.assign(self, { link });
  };
  const caller: Side = side(low, high, () => callee);
  const callee: Side = side(high, low, () => caller);
  return { timers, connections, caller, callee };
}

async function open({ timers, caller, callee }: ReturnType<typeof pair>): Promise<void> {
  callee.link.want(true);
  caller.link.want(true);
  await timers.advance(100);
}

test("the lower id offers, the other one answers, and both greet", async () => {
  const both = pair();
  await open(both);
  const { caller, callee, timers } = both;
  expect([caller.link.isOpen, callee.link.isOpen]).toEqual([true, true]);
  expect(caller.sent.map(({ kind, from, to }) => [kind, from, to])).toEqual([["offer", low, high]]);
  expect(callee.sent.map(({ kind }) => kind)).toEqual(["answer"]);
  expect(caller.link.send({ kind: "hint", generation: 7 })).toBe("sent");
  await timers.advance(1);
  expect(callee.messages).toEqual([{ kind: "hint", generation: 7 }]);
});

test("a large message goes in pieces and arrives whole", async () => {
  const both = pair();
  await open(both);
  const bytes = new Uint8Array(randomBytes(16_000));
  const document = {
    documentId: new Uint8Array(16),
    whole: false,
    dataVersion: 0,
    heads: [new Uint8Array(32)],
    chunks: Array.from({ length: 20 }, () => bytes),
  };
  const message: PeerMessage = { kind: "publication", document };
  both.caller.link.send(message);
  await both.timers.advance(1);
  expect(both.callee.messages).toHaveLength(1);
  const [sent, received] = [message, both.callee.messages[0]!].map(encodePeerMessage);
  expect(Buffer.compare(sent!, received!)).toBe(0);
  const tooLarge = { ...document, chunks: [new Uint8Array(2 ** 21)] };
  expect(both.caller.link.send({ kind: "publication", document: tooLarge })).toBe("too-large");
});

test("an offer stays good until the other one comes", async () => {
  const kept: [Signal, PeerLink][] = [];
  const both = pair((signal, to) => void kept.push([signal, to]));
  both.caller.link.want(true);
  await both.timers.advance(300_000);
  both.callee.link.want(true);
  for (let round = 0; round < 3; round++) {
    for (const [signal, to] of kept.splice(0)) to.signalled(signal);
    await both.timers.advance(1_000);
  }
  expect(both.callee.link.isOpen).toBe(true);
  expect(both.caller.sent).toHaveLength(1);
});

/** Opens a channel to the callee by hand, as whoever can write signals in somebody's name would have to. */
async function halfOpen(both: ReturnType<typeof pair>): Promise<{ id: string; nonce: Uint8Array }> {
  both.callee.link.want(true);
  both.caller.link.want(true);
  await both.timers.advance(10);
  const [answer] = both.callee.sent;
  const id = bytesToHex(answer!.connection);
  return { id, nonce: answer!.nonce };
}

function say(side: Side, id: string, message: PeerMessage): void {
  for (const frame of splitIntoFrames(encodePeerMessage(message)))
    side.tell({ what: "received", id, frame });
}

describeHello("of another replica", (hello) => ({ ...hello, replica: stranger }));
describeHello("with a nonce that was guessed", (hello) => ({
  ...hello,
  nonce: new Uint8Array(16),
}));
describeHello("for another connection", (hello) => ({ ...hello, connection: new Uint8Array(16) }));

type Hello = Extract<PeerMessage, { kind: "hello" }>;

function describeHello(what: string, change: (hello: Hello) => Hello): void {
  test(`a hello ${what} opens nothing, and nothing is taken before one that is good`, async () => {
    // The answer does not arrive: the real caller does not greet.
    const both = pair((signal, to) => {
      if (signal.kind === "offer") to.signalled(signal);
    });
    const { callee, timers } = both;
    const { id, nonce } = await halfOpen(both);
    callee.tell({ what: "opened", id });
    const connection = callee.sent[0]!.connection;
    const hello: Hello = { kind: "hello", replica: low, connection, nonce };
    say(callee, id, { kind: "hint", generation: 1 });
    say(callee, id, change(hello));
    say(callee, id, { kind: "hint", generation: 2 });
    await timers.advance(10);
    expect(callee.link.isOpen).toBe(false);
    expect(callee.messages).toEqual([]);
    // And the good one does.
    say(callee, id, hello);
    say(callee, id, { kind: "hint", generation: 3 });
    expect(callee.link.isOpen).toBe(true);
    expect(callee.messages).toEqual([{ kind: "hint", generation: 3 }]);
  });
}

test("who never greets is sent away", async () => {
  const both = pair((signal, to) => {
    if (signal.kind === "offer") to.signalled(signal);
  });
  const { id } = await halfOpen(both);
  both.callee.tell({ what: "opened", id });
  await both.timers.advance(8_100);
  expect(both.callee.link.isUnderWay).toBe(false);
});

test("messages that make no sense are counted, and then it is over", async () => {
  const both = pair();
  await open(both);
  const { callee, caller } = both;
  const id = bytesToHex(caller.sent[0]!.connection);
  const nonsense = (): void =>
    callee.tell({ what: "received", id, frame: new Uint8Array([0, 1, 4]) });
  for (let count = 0; count < 7; count++) nonsense();
  say(callee, id, { kind: "hint", generation: 1 });
  expect([callee.link.isOpen, callee.messages.length]).toEqual([true, 1]);
  nonsense();
  expect(callee.link.isOpen).toBe(false);
  expect(callee.log).toEqual(["opened", "lost"]);
});

test("what a later build says is left out, once it has greeted", async () => {
  const both = pair();
  await open(both);
  const { callee, caller } = both;
  const id = bytesToHex(caller.sent[0]!.connection);
  for (let count = 0; count < 20; count++) {
    callee.tell({ what: "received", id, frame: new Uint8Array([0, 2, 4, 1]) });
    callee.tell({ what: "received", id, frame: new Uint8Array([0, 1, 77, 1]) });
  }
  expect(callee.link.isOpen).toBe(true);
  say(callee, id, { kind: "hint", generation: 1 });
  expect(callee.messages).toHaveLength(1);
});

test("a channel that opens and is lost over and over is opened ever more rarely", async () => {
  const both = pair();
  await open(both);
  const { caller, timers } = both;
  for (let count = 0; count < 3_600; count++) {
    if (caller.link.isOpen) caller.link.fail();
    // It goes on changing things meanwhile.
    caller.link.hasten();
    await timers.advance(1_000);
  }
  expect(caller.sent.length).toBeLessThan(25);
  // Until one lasts.
  await timers.advance(400_000);
  expect(caller.link.isOpen).toBe(true);
  const before = caller.sent.length;
  caller.link.fail();
  await timers.advance(2_000);
  expect(caller.sent.length).toBe(before + 1);
});

test("an old offer that is played back ends nothing, and begins nothing", async () => {
  const both = pair();
  await open(both);
  const { callee, caller, timers } = both;
  const [old] = caller.sent;
  callee.link.signalled(old!);
  expect(callee.link.isOpen).toBe(true);
  caller.link.want(false);
  await timers.advance(10);
  const before = callee.sent.length;
  callee.link.signalled(old!);
  await timers.advance(600_000);
  expect(callee.sent).toHaveLength(before);
});

test("an offer by the one who is to answer is not listened to", async () => {
  const both = pair();
  await open(both);
  const { caller } = both;
  const offer: Signal = { ...caller.sent[0]!, connection: new Uint8Array(16), from: high, to: low };
  caller.link.signalled(offer);
  expect(caller.link.isOpen).toBe(true);
});

test("after a loss it is tried anew, with pauses that grow", async () => {
  const both = pair();
  await open(both);
  const { caller, callee, timers, connections } = both;
  caller.link.fail();
  await timers.advance(5_000);
  expect([caller.link.isOpen, callee.link.isOpen]).toEqual([true, true]);
  expect(callee.log).toEqual(["opened", "lost", "opened"]);

  connections.isSilent = true;
  callee.link.close();
  caller.link.fail();
  const sentBefore = caller.sent.length;
  await timers.advance(60 * 60_000);
  // Ten minutes each, and a pause of minutes in between.
  expect(caller.sent.length - sentBefore).toBeLessThan(8);
  expect(caller.sent.length - sentBefore).toBeGreaterThan(3);
});

test("a tab that hangs holds nothing up for longer than its time", async () => {
  const timers: ManualTimers = createManualTimers();
  const performed: string[] = [];
  const link = createPeerLink({
    world: { timers, random: { uniform: () => 0.5, bytes: (count) => randomBytes(count) } },
    own: low,
    replica: high,
    perform: ({ what }) => void performed.push(what),
    sendSignal: async () => undefined,
    opened: () => undefined,
    lost: () => undefined,
    message: () => undefined,
    heard: () => undefined,
    dropped: () => undefined,
    changed: () => undefined,
  });
  link.want(true);
  await timers.advance(20_000);
  expect(performed.slice(0, 3)).toEqual(["offer", "close", "offer"]);
  link.close();
  expect(link.isUnderWay).toBe(false);
});

test("a signal that cannot be sent is an attempt that failed", async () => {
  const both = pair(() => {
    throw new Error("the store is down");
  });
  both.caller.link.want(true);
  await both.timers.advance(500);
  expect(both.caller.link.isUnderWay).toBe(false);
  await both.timers.advance(5_000);
  expect(both.caller.sent.length).toBeGreaterThan(1);
});
