import { generateAutomergeUrl } from "@automerge/automerge-repo";
import { beforeEach, describe, expect, test } from "vitest";
import { decodePresence, encodePresence } from "../shared/codecs/presence.ts";
import type { ReplicaId } from "../shared/keys.ts";
import { stateBytesMax } from "../shared/presence.ts";
import type { PresenceNews } from "../shared/presence.ts";
import type { WorkerToTab } from "../shared/wire.ts";
import type { PresenceRelay, PresenceRemote, PresenceTab } from "./presence-relay.ts";
import { createPresenceRelay } from "./presence-relay.ts";

const ask: PresenceNews = { kind: "ask" };
const left: PresenceNews = { kind: "left" };
const here = (state: unknown): PresenceNews => ({ kind: "here", state: JSON.stringify(state) });
const newDocument = (): string => generateAutomergeUrl().slice("automerge:".length);

interface TestTab extends PresenceTab {
  /** What it was told since this was asked last: who, what, and where. */
  take(): { tab: string; news: PresenceNews; isSameBrowser: boolean; replica: ReplicaId | null }[];
}

function createTab(id: string = crypto.randomUUID()): TestTab {
  const told: WorkerToTab[] = [];
  return {
    id,
    send: (message) => told.push(message),
    take: () => told.splice(0).map((message) => message as never),
  };
}

/** Channels between the browsers of a test: what one sends, all others get, in the same moment. */
function createMesh() {
  const ends = new Map<ReplicaId, (bytes: Uint8Array, from: ReplicaId) => void>();
  const peers = new Map<ReplicaId, () => void>();
  const sent: Uint8Array[] = [];
  const deliver = (bytes: Uint8Array, from: ReplicaId): void => {
    for (const [replica, end] of ends) if (replica !== from) end(bytes, from);
  };
  return {
    sent,
    deliver,
    met: (replica: ReplicaId) => peers.get(replica)?.(),
    remoteOf: (replica: ReplicaId): PresenceRemote => ({
      send(bytes) {
        sent.push(bytes);
        deliver(bytes, replica);
      },
      onMessage: (listener) => void ends.set(replica, listener),
      onPeer: (listener) => void peers.set(replica, listener),
    }),
  };
}

const laptop = "browser-aaaaaa" as ReplicaId;
const phone = "browser-bbbbbb" as ReplicaId;
const document = newDocument();
let now: number;
beforeEach(() => {
  now = 0;
});

function createRelay(replica: ReplicaId | null, remote: PresenceRemote | null = null) {
  return createPresenceRelay({ replica, now: () => now, remote });
}

function listening(relay: PresenceRelay, id?: string): TestTab {
  const tab = createTab(id);
  relay.receive(tab, document, ask);
  return tab;
}

describe("in one browser", () => {
  test("who listens hears the others, and not itself", () => {
    const relay = createRelay(null);
    const [one, two] = [listening(relay), listening(relay)];
    const elsewhere = createTab();
    relay.receive(elsewhere, newDocument(), ask);
    expect(one.take()).toMatchObject([{ tab: two.id, news: ask }]);
    relay.receive(one, document, here({ name: "one" }));
    const news = here({ name: "one" });
    expect(two.take()).toMatchObject([
      { documentId: document, tab: one.id, replica: null, isSameBrowser: true, news },
    ]);
    expect(one.take()).toEqual([]);
    expect(elsewhere.take()).toEqual([]);
  });

  test("a tab that is gone has left where it was, once, and nowhere else", () => {
    const relay = createRelay(null);
    const [one, two] = [listening(relay), listening(relay)];
    const other = newDocument();
    for (const tab of [one, two]) relay.receive(tab, other, ask);
    relay.receive(one, document, here(1));
    two.take();
    relay.removeTab(one);
    relay.removeTab(one);
    expect(two.take()).toMatchObject([{ documentId: document, tab: one.id, news: left }]);
    relay.receive(two, document, here(2));
    expect(one.take()).toMatchObject([{ news: ask }, { news: ask }]);
  });

  test("a tab that comes back over another port has not left", () => {
    const relay = createRelay(null);
    const [one, two] = [listening(relay), listening(relay)];
    relay.receive(one, document, here(1));
    two.take();
    relay.forgetTab(one);
    relay.removeTab(one);
    expect(two.take()).toEqual([]);
  });

  test("who does not listen any more is told nothing, and is not there", () => {
    const relay = createRelay(null);
    const [one, two] = [listening(relay), listening(relay)];
    relay.receive(one, document, here(1));
    [one, two].map((tab) => tab.take());
    relay.end(one, document);
    expect(two.take()).toMatchObject([{ tab: one.id, news: left }]);
    relay.receive(two, document, here(2));
    expect(one.take()).toEqual([]);
    // Who was not there cannot leave.
    relay.receive(one, document, left);
    expect(two.take()).toEqual([]);
  });

  test("limits: of a state, of documents, of messages a second", () => {
    const relay = createRelay(null);
    const [one, two] = [listening(relay), listening(relay)];
    one.take();
    const fits = "x".repeat(stateBytesMax - 2);
    relay.receive(one, document, here(fits));
    relay.receive(one, document, here(`${fits}x`));
    relay.receive(one, "no document", here(1));
    expect(two.take()).toMatchObject([{ news: here(fits) }]);

    for (let count = 0; count < 1_000; count++) relay.receive(one, document, here(count));
    expect(two.take().length).toBeLessThan(600);
    now += 1_000;
    relay.receive(one, document, here("after a second"));
    expect(two.take()).toMatchObject([{ news: here("after a second") }]);
    // That a tab has left is told all the same.
    relay.receive(one, document, left);
    expect(two.take()).toMatchObject([{ news: left }]);

    const greedy = createTab();
    const documents = Array.from({ length: 300 }, newDocument);
    for (const each of documents) relay.receive(greedy, each, ask);
    for (const each of documents) relay.receive(createTab(), each, here(1));
    expect(greedy.take()).toHaveLength(256);
  });
});

describe("between browsers", () => {
  test("both ways, as whom the channel proves, and not beyond", () => {
    const mesh = createMesh();
    const relays = [laptop, phone].map((each) => createRelay(each, mesh.remoteOf(each)));
    const [onLaptop, alsoOnLaptop] = [listening(relays[0]!), listening(relays[0]!)];
    const onPhone = listening(relays[1]!);
    expect(onLaptop.take()).toMatchObject([
      { tab: alsoOnLaptop.id, isSameBrowser: true },
      { tab: onPhone.id, replica: phone, isSameBrowser: false, news: ask },
    ]);
    mesh.sent.splice(0);
    relays[1]!.receive(onPhone, document, here("é \uFEFF"));
    for (const tab of [onLaptop, alsoOnLaptop])
      expect(tab.take().at(-1)).toMatchObject({
        documentId: document,
        tab: onPhone.id,
        replica: phone,
        isSameBrowser: false,
        news: here("é \uFEFF"),
      });
    // The laptop has passed nothing on to anybody.
    expect(mesh.sent).toHaveLength(1);
    expect(decodePresence(mesh.sent[0]!).replica).toBe(phone);
  });

  test("when a session ends its tabs have left for the others, and for each other they stay", () => {
    const mesh = createMesh();
    const [relay, other] = [laptop, phone].map((each) => createRelay(each, mesh.remoteOf(each)));
    const [one, two, onPhone] = [listening(relay!), listening(relay!), listening(other!)];
    relay!.receive(one, document, here(1));
    [one, two, onPhone].map((tab) => tab.take());
    relay!.close();
    expect(onPhone.take()).toMatchObject([{ tab: one.id, news: left }]);
    other!.receive(onPhone, document, here(2));
    expect([one.take(), two.take()]).toEqual([[], []]);
  });

  test("what comes twice, late, in another's name, back, or damaged is not heard", () => {
    const mesh = createMesh();
    const relay = createRelay(laptop, mesh.remoteOf(laptop));
    const sender = createRelay(phone, mesh.remoteOf(phone));
    const tab = listening(relay);
    const onPhone = listening(sender);
    sender.receive(onPhone, document, here(1));
    sender.receive(onPhone, document, here(2));
    tab.take();
    const [own, , first, second] = mesh.sent.splice(0);
    mesh.deliver(second!, phone);
    mesh.deliver(first!, phone);
    mesh.deliver(second!, "browser-cccccc" as ReplicaId);
    mesh.deliver(encodePresence({ ...decodePresence(second!), number: 9, replica: laptop }), phone);
    mesh.deliver(second!.subarray(1), phone);
    mesh.deliver(own!, laptop);
    expect(tab.take()).toEqual([]);
    // The next incarnation counts from the start.
    const next = createRelay(phone, mesh.remoteOf(phone));
    next.receive(onPhone, document, here(3));
    expect(tab.take()).toMatchObject([{ news: here(3) }]);
  });

  test("a browser that is met late learns who is here, and is seen", () => {
    const mesh = createMesh();
    const late: PresenceRemote = { send() {}, onMessage() {}, onPeer() {} };
    let channel = late;
    const relay = createRelay(laptop, {
      ...mesh.remoteOf(laptop),
      send: (bytes) => channel.send(bytes),
    });
    const other = createRelay(phone, mesh.remoteOf(phone));
    const [onLaptop, onPhone] = [listening(relay), listening(other)];
    [onLaptop, onPhone].map((tab) => tab.take());
    channel = mesh.remoteOf(laptop);
    mesh.met(laptop);
    expect(onPhone.take()).toMatchObject([{ tab: onLaptop.id, news: ask }]);
    // To answer it, and so tell who it is.
    expect(onLaptop.take()).toMatchObject([{ news: ask }]);
  });

  test("a flood from one browser is cut, and another one is heard all the same", () => {
    const mesh = createMesh();
    const relay = createRelay(laptop, mesh.remoteOf(laptop));
    const tab = listening(relay);
    const [{ length: before }] = [mesh.sent];
    expect(before).toBe(1);
    const template = decodePresence(mesh.sent[0]!);
    for (let number = 0; number < 10_000; number++)
      mesh.deliver(encodePresence({ ...template, replica: phone, number, news: here(1) }), phone);
    expect(tab.take().length).toBeLessThan(2_500);
    // Nor do many names fill the memory, or keep anybody out.
    for (let index = 0; index < 200; index++) {
      const replica = `browser-${(0x100000 + index).toString(16)}` as ReplicaId;
      mesh.deliver(encodePresence({ ...template, replica, news: here(1) }), replica);
    }
    expect(tab.take()).toHaveLength(200);
  });

  test("nobody who is not signed in is heard elsewhere, nor who has a strange name", () => {
    const mesh = createMesh();
    listening(createRelay(null, mesh.remoteOf(laptop)));
    const relay = createRelay(laptop, mesh.remoteOf(laptop));
    const strange = listening(relay, "../tab");
    expect(mesh.sent).toEqual([]);
    const tab = listening(relay);
    expect(strange.take()).toMatchObject([{ tab: tab.id }]);
    expect(mesh.sent).toHaveLength(1);
  });
});
