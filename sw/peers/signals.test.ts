import { expect, test } from "vitest";
import { encodeSignal } from "../../shared/codecs/signal.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { createDeferred } from "../../shared/deferred.ts";
import { MemoryStore } from "../engine/memory-world.ts";
import { createManualTimers } from "../testing/manual-timers.ts";
import { testNamespace, testReplicas } from "../testing/test-device.ts";
import { nodeTools } from "../testing/test-world.ts";
import { createBucketSignals } from "./bucket-signals.ts";
import type { SignalListener, SignalTransport } from "./signal-transport.ts";
import { createSignals } from "./signals.ts";

const [a, b, c] = testReplicas as [ReplicaId, ReplicaId, ReplicaId];
const signal = (from: ReplicaId, to: ReplicaId, sdp = "v=0"): Uint8Array =>
  encodeSignal({
    from,
    to,
    kind: "offer",
    connection: new Uint8Array(16),
    nonce: new Uint8Array(16),
    sdp,
  });

function bucketWay(store: MemoryStore, own: ReplicaId) {
  const timers = createManualTimers();
  const signals = createBucketSignals({ world: { timers, tools: nodeTools } });
  const heard: [ReplicaId, Uint8Array][] = [];
  signals.subscribe((from, bytes) => void heard.push([from, bytes]));
  signals.use(
    store.bucket(
      testNamespace,
      own,
      testReplicas.filter((other) => other !== own),
    ),
  );
  return { signals, timers, heard };
}

test("what one puts into its object the other one finds, once", async () => {
  const store = new MemoryStore();
  const [one, other] = [bucketWay(store, a), bucketWay(store, b)];
  await one.signals.send(b, signal(a, b));
  other.signals.watch([a]);
  await other.timers.advance(10_000);
  expect(other.heard).toEqual([[a, signal(a, b)]]);
});

test("signals to several are one object, written as often as stores allow", async () => {
  const store = new MemoryStore();
  const { signals, timers } = bucketWay(store, a);
  const sent = [signals.send(b, signal(a, b)), signals.send(c, signal(a, c))];
  await Promise.all(sent);
  const again = signals.send(b, signal(a, b, "v=1"));
  await timers.advance(1_000);
  const puts = (): number => store.requests.filter(({ method }) => method === "PUT").length;
  expect(puts()).toBe(1);
  await timers.advance(200);
  await again;
  expect(puts()).toBe(2);
  const reader = bucketWay(store, c);
  reader.signals.watch([a]);
  await reader.timers.advance(1_000);
  expect(reader.heard.map(([, bytes]) => bytes)).toEqual([signal(a, c), signal(a, b, "v=1")]);
});

test("who does not answer is asked ever more rarely, and all within a bound", async () => {
  const store = new MemoryStore();
  const { signals, timers } = bucketWay(store, a);
  signals.watch([b]);
  await timers.advance(60_000);
  const first = store.requests.length;
  expect(first).toBeLessThan(10);
  await timers.advance(600_000);
  expect(store.requests.length - first).toBeLessThanOrEqual(21);
  signals.watch(testReplicas.filter((other) => other !== a));
  const before = store.requests.length;
  for (let count = 0; count < 60; count++) {
    for (const replica of testReplicas) signals.hasten(replica);
    await timers.advance(1_000);
  }
  expect(store.requests.length - before).toBeLessThanOrEqual(30);
});

test("nobody is asked whose signals nobody waits for", async () => {
  const store = new MemoryStore();
  const { signals, timers } = bucketWay(store, a);
  await timers.advance(60_000);
  signals.watch([b]);
  await timers.advance(1_000);
  signals.watch([]);
  const before = store.requests.length;
  await timers.advance(600_000);
  expect(store.requests.length).toBe(before);
});

test("a damaged object, or a store that fails, is looked at again later", async () => {
  const store = new MemoryStore();
  const { signals, timers, heard } = bucketWay(store, b);
  const one = bucketWay(store, a);
  await one.signals.send(b, signal(a, b));
  const [[key, object]] = [...store.objects] as [[string, { bytes: Uint8Array; etag: string }]];
  store.objects.set(key, { bytes: object.bytes.slice(0, -3), etag: '"damaged"' });
  signals.watch([a]);
  await timers.advance(1_000);
  expect(heard).toEqual([]);
  store.objects.set(key, object);
  await timers.advance(5_000);
  expect(heard).toHaveLength(1);
});

function serviceWay(): SignalTransport & {
  sent: ReplicaId[];
  fails: boolean;
  tell: SignalListener;
} {
  const self = {
    sent: [] as ReplicaId[],
    fails: false,
    tell: (() => undefined) as SignalListener,
    async send(to: ReplicaId): Promise<void> {
      if (self.fails) throw new Error("down");
      self.sent.push(to);
    },
    subscribe(listener: SignalListener) {
      self.tell = listener;
      return () => {
        self.tell = () => undefined;
      };
    },
  };
  return self;
}

test("the service is asked first; the bucket where it fails, or where nothing comes of it", async () => {
  const timers = createManualTimers();
  const [bucket, service] = [serviceWay(), serviceWay()];
  const signals = createSignals(bucket, timers);
  const heard: ReplicaId[] = [];
  signals.subscribe((from) => void heard.push(from));
  await signals.send(b, new Uint8Array());
  expect(bucket.sent).toEqual([b]);

  signals.useService(service);
  await signals.send(b, new Uint8Array());
  signals.settled(b);
  await timers.advance(60_000);
  expect([bucket.sent, service.sent]).toEqual([[b], [b]]);

  await signals.send(c, new Uint8Array());
  await timers.advance(60_000);
  expect([bucket.sent, service.sent]).toEqual([
    [b, c],
    [b, c],
  ]);

  service.fails = true;
  await signals.send(b, new Uint8Array());
  expect(bucket.sent).toEqual([b, c, b]);

  service.tell(b, new Uint8Array());
  bucket.tell(c, new Uint8Array());
  signals.useService(null);
  service.tell(b, new Uint8Array());
  expect(heard).toEqual([b, c]);
});

test("an older signal that the service takes or refuses late does not take the place of a newer one", async () => {
  const timers = createManualTimers();
  const [bucket, service] = [serviceWay(), serviceWay()];
  const sent: number[] = [];
  bucket.send = async (_, [number]) => void sent.push(number!);
  const answers = [createDeferred(), createDeferred(), createDeferred()] as const;
  service.send = (_, [number]) => answers[number!]!.promise;
  const signals = createSignals(bucket, timers);
  signals.useService(service);
  const all = [0, 1, 2].map((number) => signals.send(b, new Uint8Array([number])));
  answers[2].resolve();
  answers[0].resolve();
  answers[1].reject(new Error("down"));
  await Promise.all(all);
  await timers.advance(60_000);
  expect(sent).toEqual([2]);
});

test("once it is closed, or settled, nothing that was on its way goes to the bucket", async () => {
  const timers = createManualTimers();
  const [bucket, service] = [serviceWay(), serviceWay()];
  const signals = createSignals(bucket, timers);
  signals.useService(service);
  const settling = signals.send(b, new Uint8Array());
  signals.settled(b);
  await settling;
  service.fails = true;
  const closing = signals.send(c, new Uint8Array());
  signals.close();
  await closing;
  await timers.advance(60_000);
  expect(bucket.sent).toEqual([]);
});
