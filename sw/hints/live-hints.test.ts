import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PresyncError } from "../../shared/errors.ts";
import type { Hint, SignalRequest } from "../../shared/hints.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Session } from "../registry.ts";
import type { LiveHints } from "./live-hints.ts";
import { createLiveHints } from "./live-hints.ts";

const own = "browser-00000a" as ReplicaId;
const other = "browser-00000b" as ReplicaId;
const encoder = new TextEncoder();

interface OpenStream {
  readonly after: string | null;
  readonly signal: AbortSignal;
  send(name: string, data: unknown, id?: number): void;
  heartbeat(id: number): void;
  end(): void;
  break(): void;
}

/** What a service does, as far as one worker can tell. */
interface FakeService {
  readonly streams: OpenStream[];
  readonly posts: { readonly path: string; readonly body: unknown }[];
  /** Whether what is sent comes back. */
  echoes: boolean;
  heartbeatMs: number;
  watched: boolean;
  /** How opening a stream, or posting, fails. */
  refusal: "not-there" | PresyncError | null;
  /** It answers, and then nothing comes. */
  swallows: boolean;
}

let service: FakeService;
let hints: LiveHints;
let heard: Hint[];
let missed: number;
let states: string[];
let replica: ReplicaId | null;

const newest = (): OpenStream => service.streams.at(-1)!;
const signalsOf = (path: string): unknown[] =>
  service.posts.filter((post) => post.path === path).map(({ body }) => body);
const pass = (ms: number): Promise<unknown> => vi.advanceTimersByTimeAsync(ms);
const reports = (): unknown[] => signalsOf("v1/hints");

function answer(path: string, body: unknown): void {
  service.posts.push({ path, body });
  if (service.refusal instanceof PresyncError) throw service.refusal;
  if (!service.echoes) return;
  const { to, from, payload } = body as SignalRequest;
  if (path === "v1/signals" && to === own) newest().send("signal", { from, payload });
  const { generation } = body as { readonly generation?: number };
  if (path === "v1/hints")
    newest().send("hint", { namespace: "key:a", replica: own, generation, at: 1 }, Date.now());
}

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 });
  [heard, missed, states, replica] = [[], 0, [], own];
  service = {
    streams: [],
    posts: [],
    echoes: true,
    heartbeatMs: 15_000,
    watched: false,
    refusal: null,
    swallows: false,
  };
  hints = createLiveHints({
    clock: { now: () => Date.now() },
    timers: {
      after(delayMs, action) {
        const timer = setTimeout(action, delayMs);
        return () => clearTimeout(timer);
      },
    },
    random: { uniform: () => 1, bytes: (count) => crypto.getRandomValues(new Uint8Array(count)) },
    sessions: { current: async () => ({ token: "token" }) as Session },
    client: {
      async ask(_session, path, body) {
        answer(path, body);
        return null;
      },
      async stream(_session, _path, { after, signal }) {
        if (service.refusal === "not-there") return null;
        if (service.refusal !== null) throw service.refusal;
        const text = new TransformStream<string, Uint8Array>({
          transform: (chunk, to) => to.enqueue(encoder.encode(chunk)),
        });
        const writer = text.writable.getWriter();
        const write = (chunk: string): void => {
          if (!service.swallows) writer.write(chunk).catch(() => undefined);
        };
        service.streams.push({
          after,
          signal,
          send(name, data, id) {
            const position = id === undefined ? "" : `id: ${id}\n`;
            write(`${position}event: ${name}\ndata: ${JSON.stringify(data)}\n\n`);
          },
          heartbeat: (id) => write(`: \nid: ${id}\n\n`),
          break: () => void writer.abort(new TypeError("network error")).catch(() => undefined),
          end: () => void writer.close().catch(() => undefined),
        });
        const { heartbeatMs, watched } = service;
        newest().send("settings", { heartbeatMs, watched }, after === null ? 1 : undefined);
        return text.readable;
      },
    },
    replica: () => replica,
    heard: (hint) => heard.push(hint),
    missed: () => missed++,
    changed: () => states.push(hints.state),
  });
});

afterEach(() => {
  hints.close();
  vi.useRealTimers();
});

const show = async (): Promise<void> => {
  hints.conditions({ online: true, visible: true });
  await pass(10);
};

describe("a stream of hints", () => {
  it("is live once something has come back over it, and everything is looked at once", async () => {
    service.echoes = false;
    await show();
    expect(hints.state).toBe("connecting");
    const [proof] = signalsOf("v1/signals") as SignalRequest[];
    newest().send("signal", { from: other, payload: proof!.payload });
    newest().send("signal", { from: own, payload: "proof of nothing" });
    await pass(10);
    expect([hints.state, missed]).toEqual(["connecting", 0]);
    newest().send("signal", { from: own, payload: proof!.payload });
    await pass(10);
    expect([hints.state, missed]).toEqual(["live", 1]);
    expect(states).toEqual(["connecting", "live"]);
  });

  it("tells of it when the next one is from a service that watches, or does not any more", async () => {
    await show();
    states.length = 0;
    service.watched = true;
    newest().end();
    await pass(1_500);
    expect([hints.isWatched, states]).toEqual([true, ["live"]]);
  });

  it("passes on what concerns others, and what of our own a clone has written", async () => {
    await show();
    const at = 5;
    newest().send("hint", { namespace: "key:a", replica: other, generation: 3, at }, 10);
    newest().send("hint", { namespace: "key:a", replica: other, at }, 11);
    newest().send("hint", { namespace: "key:a", replica: own, at }, 12);
    newest().send("hint", { namespace: "key:a", replica: own, generation: 9, at }, 13);
    newest().send("hint", { replica: "nonsense" }, 14);
    newest().send("unknown", {}, 15);
    await pass(10);
    expect(heard.map((hint) => [hint.replica, hint.generation])).toEqual([
      [other, 3],
      [other, undefined],
      [own, 9],
    ]);
  });

  it("that the service ends is followed by the next, which goes on there, and nobody is asked meanwhile", async () => {
    await show();
    newest().heartbeat(77);
    await pass(10);
    newest().end();
    await pass(1_100);
    expect(service.streams.map(({ after }) => after)).toEqual([null, "77"]);
    expect([hints.state, missed, states]).toEqual(["live", 1, ["connecting", "live"]]);
    newest().send("reset", {}, 78);
    await pass(10);
    expect(missed).toBe(2);
  });

  it("that breaks is followed as soon as one that has ended", async () => {
    await show();
    newest().break();
    await pass(1_100);
    expect(service.streams).toHaveLength(2);
    expect(states).toEqual(["connecting", "live"]);
  });

  it("that ends for longer is not relied on after three seconds", async () => {
    await show();
    service.refusal = new PresyncError("unreachable", "down");
    newest().end();
    await pass(2_900);
    expect(hints.state).toBe("live");
    await pass(200);
    expect(hints.state).toBe("connecting");
    const attempts = service.streams.length;
    service.refusal = null;
    hints.conditions({ online: false, visible: true });
    await show();
    expect(service.streams.length).toBe(attempts + 1);
    expect([hints.state, missed]).toEqual(["live", 2]);
  });

  it("that falls silent is cut after two heartbeats", async () => {
    await show();
    await pass(31_000);
    expect(service.streams).toHaveLength(1);
    const first = newest();
    await pass(3_000);
    expect(first.signal.aborted).toBe(true);
    expect(service.streams).toHaveLength(2);
  });

  it("with heartbeats stays as it is", async () => {
    await show();
    for (let n = 0; n < 20; n++) {
      newest().heartbeat(100 + n);
      await pass(15_000);
    }
    expect(service.streams).toHaveLength(1);
    expect(states).toEqual(["connecting", "live"]);
  });

  it("that something in between keeps to itself never counts, and is tried less and less", async () => {
    service.swallows = true;
    await show();
    await pass(10 * 60_000);
    expect(states).toEqual(["connecting"]);
    expect(service.streams.length).toBeGreaterThan(4);
    expect(service.streams.length).toBeLessThan(16);
  });

  it("over which nothing comes back never counts", async () => {
    service.echoes = false;
    await show();
    await pass(60_000);
    expect(states).toEqual(["connecting"]);
  });

  it("is not asked for again within the hour where there is none", async () => {
    service.refusal = "not-there";
    await show();
    expect([hints.state, states]).toEqual(["off", ["connecting", "off"]]);
    service.refusal = null;
    await pass(59 * 60_000);
    await show();
    hints.published(1, { wallMs: 1, counter: 0 });
    await pass(1_000);
    expect([hints.state, service.streams.length, service.posts.length]).toEqual(["off", 0, 0]);
    await pass(2 * 60_000);
    await show();
    expect(hints.state).toBe("live");
  });

  it("is there while a tab is in view, and a minute longer", async () => {
    await show();
    hints.conditions({ online: true, visible: false });
    newest().heartbeat(5);
    await pass(29_000);
    newest().heartbeat(6);
    await pass(29_000);
    expect(hints.state).toBe("live");
    await pass(3_000);
    expect([hints.state, newest().signal.aborted]).toEqual(["off", true]);
    await pass(600_000);
    expect(service.streams).toHaveLength(1);
    await show();
    expect([hints.state, newest().after]).toEqual(["live", "6"]);
  });

  it("waits for the first grant, and ends with the session", async () => {
    replica = null;
    await show();
    expect(hints.state).toBe("off");
    replica = own;
    hints.granted();
    await pass(10);
    expect(hints.state).toBe("live");
    hints.close();
    hints.close();
    expect([hints.state, newest().signal.aborted]).toEqual(["off", true]);
    await pass(600_000);
    expect(service.streams).toHaveLength(1);
  });

  it("is not asked for in a hurry by who is refused", async () => {
    service.refusal = new PresyncError("unauthenticated", "the session is over");
    await show();
    const before = service.posts.length;
    await pass(50_000);
    service.refusal = null;
    expect(service.streams).toHaveLength(0);
    await pass(15_000);
    expect([hints.state, service.posts.length]).toEqual(["live", before + 1]);
  });
});

describe("reports", () => {
  const time = { wallMs: 1, counter: 0 };

  it("are made four times a second at most, of the newest", async () => {
    await show();
    for (let generation = 1; generation <= 100; generation++) {
      hints.published(generation, time);
      await pass(10);
    }
    await pass(300);
    expect(reports().length).toBeLessThanOrEqual(6);
    expect(reports().at(-1)).toEqual({ replica: own, generation: 100, hlc: time });
    expect(hints.isReporting).toBe(false);
  });

  it("are made with no tab in view, too", async () => {
    hints.conditions({ online: true, visible: false });
    hints.published(1, time);
    expect(hints.isReporting).toBe(true);
    await pass(1_000);
    expect(reports()).toHaveLength(1);
  });

  it("that do not come back end the trust, and the next proof begins it again", async () => {
    await show();
    service.echoes = false;
    hints.published(1, time);
    await pass(4_900);
    expect(hints.state).toBe("live");
    service.echoes = true;
    await pass(200);
    expect(states).toEqual(["connecting", "live", "connecting", "live"]);
    // What was said meanwhile may have been lost.
    expect(missed).toBe(2);
    expect(service.streams).toHaveLength(1);
  });

  it("that do not come back end the trust while somebody goes on typing, too", async () => {
    await show();
    service.echoes = false;
    for (let generation = 1; generation <= 6; generation++) {
      hints.published(generation, time);
      await pass(1_000);
    }
    expect(hints.state).toBe("connecting");
  });

  it("that fail leave the service in peace for half a minute, and then the newest is made", async () => {
    await show();
    service.refusal = new PresyncError("unexpected-answer", "521, of something in between");
    for (let generation = 1; generation <= 20; generation++) {
      hints.published(generation, time);
      await pass(1_000);
    }
    expect(reports()).toHaveLength(1);
    expect(hints.isReporting).toBe(false);
    service.refusal = null;
    await pass(11_000);
    expect(reports().slice(1)).toEqual([{ replica: own, generation: 20, hlc: time }]);
  });

  it("that fail a second time are not made again", async () => {
    await show();
    service.refusal = new PresyncError("unreachable", "down");
    hints.published(1, time);
    await pass(600_000);
    expect(reports()).toHaveLength(2);
  });

  it("are made as soon as the service is there again", async () => {
    await show();
    service.refusal = new PresyncError("unreachable", "down");
    newest().break();
    hints.published(1, time);
    await pass(2_000);
    service.refusal = null;
    await pass(5_000);
    expect(hints.state).toBe("live");
    expect(reports()).toHaveLength(2);
  });
});

describe("signals", () => {
  it("go to another replica, and come from one", async () => {
    await show();
    const got: unknown[] = [];
    const end = hints.onSignal((signal) => got.push(signal));
    await hints.signal(other, "hello");
    expect(signalsOf("v1/signals").at(-1)).toEqual({ from: own, to: other, payload: "hello" });
    newest().send("signal", { from: other, payload: "hi" });
    await pass(10);
    end();
    newest().send("signal", { from: other, payload: "again" });
    await pass(10);
    expect(got).toEqual([{ from: other, payload: "hi" }]);
  });
});
