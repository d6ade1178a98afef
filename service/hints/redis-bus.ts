/**
 * The bus of several instances: a stream in Redis, of bounded length, from which each instance reads everything. A
 * connection that was lost goes on where it was, so that only a Redis that has lost its data, or a publication
 * that did not reach it, makes everybody look for themselves.
 *
 * While Redis is down each instance tells its own listeners alone; clients notice what does not come back, and poll.
 */
import type { Redis } from "ioredis";
import type { Log } from "../log.ts";
import type { BusListener, BusMessage, HintBus } from "./bus.ts";
import { readMessage } from "./bus.ts";

const key = "presync:hints";

/** Some seconds' worth at a load no instance has; 2 MB. */
const entriesMax = 10_000;
const entriesAtOnceMax = 500;

/** How long Redis holds a question while there is nothing to say: a connection that died is noticed soon after. */
const blockMs = 2_000;
/** How long an answer may take beyond that. */
const answerMsMax = 2_000;

/** Between attempts while Redis does not answer. */
const pauseMs = 500;

export interface RedisBus extends HintBus {
  close(): void;
}

type Entry = readonly [id: string, fields: readonly string[]];

export function createRedisBus(redis: Redis, log: Log): RedisBus {
  const listeners = new Set<BusListener>();
  // A question that waits blocks its connection.
  const reader = redis.duplicate({ commandTimeout: blockMs + answerMsMax });
  reader.on("error", () => undefined);
  const closing = new AbortController();
  let after: string | null = null;
  /** Something was published that has not reached Redis: the others are to be told when it is back. */
  let isOwed = false;
  let wake: (() => void) | undefined;

  const tell = (message: BusMessage): void => {
    for (const listener of listeners) listener(message);
  };

  const add = async (message: BusMessage): Promise<void> => {
    await redis.xadd(key, "MAXLEN", "~", entriesMax, "*", "m", JSON.stringify(message));
  };

  const payDebt = async (): Promise<void> => {
    if (!isOwed) return;
    await add({ kind: "lost" });
    isOwed = false;
  };

  /** Where the stream ends now, or where reading goes on. */
  const findPlace = async (): Promise<string> => {
    if (after !== null) {
      const kept = (await reader.xrange(key, after, after)) as Entry[];
      if (kept.length > 0 || after === "0-0") return after;
      // It was read once, so it is gone: with what else, nobody knows.
      log({ level: "warn", event: "hints-lost" });
    }
    const [newest] = (await reader.xrevrange(key, "+", "-", "COUNT", 1)) as Entry[];
    tell({ kind: "lost" });
    return newest?.[0] ?? "0-0";
  };

  const readOn = async (): Promise<void> => {
    let place = await findPlace();
    after = place;
    while (!closing.signal.aborted) {
      await payDebt();
      const answer = (await reader.xread(
        "COUNT",
        entriesAtOnceMax,
        "BLOCK",
        blockMs,
        "STREAMS",
        key,
        place,
      )) as readonly (readonly [string, readonly Entry[]])[] | null;
      for (const [id, [, text = ""]] of answer?.[0]?.[1] ?? []) {
        place = id;
        after = id;
        const message = readMessage(text);
        if (message !== null) tell(message);
      }
      // Nothing came: either there is nothing, or the stream has begun anew behind our back.
      if (answer === null) after = place = await findPlace();
    }
  };

  const follow = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      try {
        await readOn();
      } catch {
        // What is wrong with Redis its own connection logs.
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
    async publish(message) {
      try {
        await add(message);
      } catch {
        isOwed = true;
        tell(message);
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
