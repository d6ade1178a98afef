/**
 * The bus of several instances: a stream in Redis, of bounded length and age, from which each instance reads everything.
 * A connection that was lost goes on where it was, so that only a Redis that has lost its data, or a publication
 * that did not reach it, makes everybody look for themselves.
 *
 *     down --(read on from a place, nothing owed)--> up --(a question or a publication failed)--> down
 *
 * While it is down an instance neither hears nor tells: it says so, and nobody listens there until it is up again.
 */
import type { Redis } from "ioredis";
import type { Log } from "../log.ts";
import type { BusListener, BusMessage, HintBus } from "./bus.ts";
import { readMessage } from "./bus.ts";

const key = "presync:hints";

/** Some seconds' worth at a load no instance has; 2 MB of hints, 50 MB of the largest signals. */
const entriesMax = 10_000;
const entriesAtOnceMax = 500;

/** Whoever has not read an entry by then looks for themselves. What devices signal to each other is kept no longer. */
const entryMsMax = 60_000;

/** How long Redis holds a question while there is nothing to say: a connection that died is noticed soon after. */
const blockMs = 2_000;
/** How long an answer may take beyond that. */
const answerMsMax = 2_000;

/** Between attempts while Redis does not answer. */
const pauseMs = 500;

export interface RedisBus extends HintBus {
  readonly isDown: boolean;
  close(): void;
}

type Entry = readonly [id: string, fields: readonly string[]];

export function createRedisBus(redis: Redis, log: Log): RedisBus {
  const listeners = new Set<BusListener>();
  const reader = redis.duplicate({
    // A question that waits blocks its connection.
    commandTimeout: blockMs + answerMsMax,
    // A connection on which nothing arrives any more is given up: the system would keep it for a quarter of an hour.
    socketTimeout: blockMs + answerMsMax,
  });
  reader.on("error", () => undefined);
  const closing = new AbortController();
  let after: string | null = null;
  let isDown = true;
  /** Something was published that has not reached Redis: the others are to be told when it is back. */
  let isOwed = false;
  let wake: (() => void) | undefined;

  const tell = (message: BusMessage): void => {
    for (const listener of listeners) listener(message);
  };

  const fail = (error: unknown): void => {
    if (isDown || closing.signal.aborted) return;
    isDown = true;
    log({ level: "error", event: "hint-bus-down", code: replyCode(error) });
    tell({ kind: "down" });
  };

  const rise = (): void => {
    if (!isDown || isOwed) return;
    isDown = false;
    log({ level: "info", event: "hint-bus-up" });
  };

  const add = async (message: BusMessage): Promise<void> => {
    const adding = redis
      .pipeline()
      .xadd(key, "MAXLEN", "~", entriesMax, "*", "m", JSON.stringify(message));
    // By Redis' own clock, which ids are times of.
    const oldest = millisecondsOf(after) - entryMsMax;
    if (oldest > 0) adding.xtrim(key, "MINID", "~", oldest);
    adding.pexpire(key, entryMsMax);
    for (const [error] of (await adding.exec()) ?? []) if (error !== null) throw error;
  };

  const payDebt = async (): Promise<void> => {
    if (!isOwed) return;
    isOwed = false;
    try {
      await add({ kind: "lost" });
    } catch (error) {
      isOwed = true;
      throw error;
    }
  };

  const newest = async (): Promise<string> => {
    const [entry] = (await reader.xrevrange(key, "+", "-", "COUNT", 1)) as Entry[];
    return entry?.[0] ?? "0-0";
  };

  const isKept = async (id: string): Promise<boolean> =>
    ((await reader.xrange(key, id, id)) as Entry[]).length > 0;

  /** Where reading goes on after a connection was lost, or where the stream ends now. */
  const findPlace = async (): Promise<string> => {
    if (after !== null && (after === "0-0" || (await isKept(after)))) return after;
    // It was read once, so it is gone: with what else, nobody knows.
    if (after !== null) log({ level: "warn", event: "hints-lost" });
    const place = await newest();
    tell({ kind: "lost" });
    return place;
  };

  const readOn = async (): Promise<void> => {
    let place = await findPlace();
    after = place;
    while (!closing.signal.aborted) {
      await payDebt();
      rise();
      const answer = (await reader.xread(
        "COUNT",
        entriesAtOnceMax,
        "BLOCK",
        blockMs,
        "STREAMS",
        key,
        place,
      )) as readonly (readonly [string, readonly Entry[]])[] | null;
      const entries = answer?.[0]?.[1] ?? [];
      const from = place;
      for (const [id, [, text = ""]] of entries) {
        place = id;
        after = id;
        const message = readMessage(text);
        if (message !== null) tell(message);
      }
      // Who is so far behind may have been overtaken by what makes room.
      const isBehind = entries.length === entriesAtOnceMax && from !== "0-0";
      // Ids grow for as long as the stream does, so that it has begun anew behind our back.
      const isOther = entries.length === 0 && isEarlier(await newest(), place);
      if (isOther || (isBehind && !(await isKept(from)))) {
        log({ level: "warn", event: "hints-lost" });
        tell({ kind: "lost" });
      }
      if (isOther) after = place = await newest();
    }
  };

  const follow = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await readOn();
      } catch (error) {
        fail(error);
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, pauseMs);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    }
  };
  void follow();

  return {
    get isDown() {
      return isDown;
    },
    async publish(message) {
      try {
        await add(message);
      } catch (error) {
        isOwed = true;
        fail(error);
        // A sign-in that has ended here is over here at once, whoever else hears of it.
        if (message.kind === "ended") tell(message);
      }
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close() {
      closing.abort();
      wake?.();
      reader.disconnect();
    },
  };
}

/** The first word of what Redis refuses with, such as `OOM`; empty for what is no answer. */
function replyCode(error: unknown): string {
  if (!(error instanceof Error) || error.name !== "ReplyError") return "";
  return /^[A-Z]{1,32}/.exec(error.message)?.[0] ?? "";
}

function millisecondsOf(id: string | null): number {
  return Number(id?.split("-")[0] ?? 0);
}

/** Of a stream's ids, which are `<milliseconds>-<number>`; `0-0` stands for none, which is earlier than nothing. */
function isEarlier(id: string, than: string): boolean {
  if (id === "0-0") return false;
  const [ms = 0, count = 0] = id.split("-").map(Number);
  const [thanMs = 0, thanCount = 0] = than.split("-").map(Number);
  return ms < thanMs || (ms === thanMs && count < thanCount);
}
