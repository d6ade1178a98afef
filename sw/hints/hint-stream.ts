/**
 * One stream of hints, from its opening to its end. It ends itself when it has been silent for longer than a living one
 * is: a connection that died, or something in between that keeps what it should pass on.
 */
import { PresyncError } from "../../shared/errors.ts";
import type { Hint, HintSettings, Signal } from "../../shared/hints.ts";
import { readHint, readSettings, readSignal } from "../../shared/hints.ts";
import type { Timers } from "../engine/world.ts";
import { createEventParser } from "./event-parser.ts";

/** For an answer, and for its first event. */
const openMsMax = 10_000;

/** Two heartbeats, and what a network may hold one up for. */
const silentBeats = 2;
const slackMs = 2_000;

export interface HintStreamEvents {
  readonly settings: (settings: HintSettings) => void;
  readonly hint: (hint: Hint) => void;
  readonly reset: () => void;
  readonly signal: (signal: Signal) => void;
  /** Where a later stream goes on. */
  readonly position: (id: string) => void;
}

export interface HintStreamParts {
  readonly timers: Timers;
  /** Null where the service has no such stream. */
  readonly open: (signal: AbortSignal) => Promise<ReadableStream<Uint8Array> | null>;
  /** Ends it from outside. */
  readonly stopped: AbortSignal;
  readonly events: HintStreamEvents;
}

/** Resolves when the stream has ended, however: false where there is none. Throws what opening it throws. */
export async function followHints(parts: HintStreamParts): Promise<boolean> {
  const { timers, events } = parts;
  const cut = new AbortController();
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  const stop = (): void => {
    cut.abort(new PresyncError("unreachable", "the stream was ended"));
    // Whoever waits for the next bytes is told that there are none.
    reader?.cancel().catch(() => undefined);
  };
  let cancelTimer = timers.after(openMsMax, stop);
  let silenceMsMax = openMsMax;
  const stillThere = (): void => {
    cancelTimer();
    cancelTimer = timers.after(silenceMsMax, stop);
  };
  parts.stopped.addEventListener("abort", stop);
  try {
    if (parts.stopped.aborted) return true;
    const body = await Promise.race([parts.open(cut.signal), aborted(cut.signal)]);
    if (body === null) return false;
    reader = body.getReader();
    const parser = createEventParser();
    const decoder = new TextDecoder();
    for (;;) {
      // A connection that breaks has ended, like any other.
      const read = await reader.read().catch(() => null);
      if (read === null || read.done) return true;
      for (const { name, data, id } of parser.take(decoder.decode(read.value, { stream: true }))) {
        const content = data === "" ? null : (JSON.parse(data) as unknown);
        const settings = name === "settings" ? readSettings(content) : null;
        if (settings !== null) {
          silenceMsMax = settings.heartbeatMs * silentBeats + slackMs;
          events.settings(settings);
        }
        const hint = name === "hint" ? readHint(content) : null;
        if (hint !== null) events.hint(hint);
        const signal = name === "signal" ? readSignal(content) : null;
        if (signal !== null) events.signal(signal);
        if (name === "reset") events.reset();
        // Last: what fails before is heard of again.
        if (id !== null) events.position(id);
      }
      stillThere();
    }
  } finally {
    cancelTimer();
    parts.stopped.removeEventListener("abort", stop);
    stop();
  }
}

/** Rejects when the signal says so. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const refuse = (): void => reject(signal.reason as Error);
    if (signal.aborted) refuse();
    else signal.addEventListener("abort", refuse, { once: true });
  });
}
