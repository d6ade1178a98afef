/**
 * Whether hints arrive: something this worker has sent to the service must come back over the stream. First a message to
 * itself, which nobody else can know; later each report of its own.
 *
 *     unproven --begin--> asked --(the message came back)--> proven --(a report did not)--> asked again
 *                           '--(it did not)--> failed
 */
import { bytesToHex } from "../../shared/hex.ts";
import type { Random, Timers } from "../engine/world.ts";

/** What takes longer to come back is no help. */
const answerMsMax = 5_000;

const nonceBytes = 8;

export interface Proof {
  /** Asks for one. */
  begin(): void;
  /** A message from this replica to itself has come. */
  received(payload: string): void;
  /** The service has taken a report of this generation. */
  reported(generation: number): void;
  /** A hint of this replica's own has come. */
  heard(generation: number): void;
  /** There is nothing any more that it would be about. */
  stop(): void;
}

export interface ProofParts {
  readonly timers: Timers;
  readonly random: Random;
  /** Sends a message to this replica. */
  readonly send: (payload: string) => Promise<void>;
  readonly proven: () => void;
  /** A report has not come back: what was proven is not any more, and is asked for again. */
  readonly doubted: () => void;
  /** Nothing comes back. */
  readonly failed: () => void;
}

export function createProof(parts: ProofParts): Proof {
  const { timers, random } = parts;
  let nonce: string | null = null;
  /** The newest generation that was heard of, and the one that should be. */
  let newest = 0;
  let expected = 0;
  let cancelTimer: (() => void) | undefined;

  const stop = (): void => {
    cancelTimer?.();
    nonce = null;
    expected = 0;
  };
  const succeed = (): void => {
    stop();
    parts.proven();
  };
  const begin = (): void => {
    stop();
    const payload = `proof ${bytesToHex(random.bytes(nonceBytes))}`;
    nonce = payload;
    const fail = (): void => {
      if (nonce !== payload) return;
      stop();
      parts.failed();
    };
    cancelTimer = timers.after(answerMsMax, fail);
    parts.send(payload).catch(fail);
  };

  return {
    begin,
    received(payload) {
      if (payload === nonce) succeed();
    },
    reported(generation) {
      // What is on its way decides, a message or an earlier report: who types goes on reporting.
      if (nonce !== null || expected > 0 || newest >= generation) return;
      expected = generation;
      cancelTimer = timers.after(answerMsMax, () => {
        begin();
        parts.doubted();
      });
    },
    heard(generation) {
      newest = Math.max(newest, generation);
      if (expected > 0 && newest >= expected) succeed();
    },
    stop,
  };
}
