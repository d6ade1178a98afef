/** Runs batches in child processes, so many at a time. */
import { fork } from "node:child_process";
import type { BatchMessage, BatchRequest } from "./seed-batch.ts";
import type { RunResult } from "./run.ts";

/** A child that says nothing for so long hangs: that is a finding of its own. */
const silenceMsMax = 120_000;

export interface BatchOptions {
  readonly bundle: string;
  readonly jobs: number;
  readonly requests: readonly BatchRequest[];
  readonly result: (result: RunResult, cpuMs: number) => void;
  /** Begins no further batch once it says so. */
  readonly isEnough?: () => boolean;
}

/** Resolves when all have ended; rejects where a child dies of something else than a violation. */
export async function runBatches(options: BatchOptions): Promise<void> {
  const waiting = [...options.requests];
  const work = async (): Promise<void> => {
    for (;;) {
      const next = waiting.shift();
      if (next === undefined || options.isEnough?.() === true) return;
      await runBatch(options, next);
    }
  };
  await Promise.all(Array.from({ length: options.jobs }, work));
}

function runBatch({ bundle, result }: BatchOptions, request: BatchRequest): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(bundle, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    let last = "nothing";
    let isDone = false;
    const watchdog = setTimeout(() => child.kill("SIGKILL"), silenceMsMax);
    child.on("message", (message: BatchMessage) => {
      watchdog.refresh();
      if (message.kind === "done") {
        isDone = true;
        return;
      }
      last = String(message.result.seed);
      result(message.result, message.cpuMs);
    });
    child.on("exit", () => {
      clearTimeout(watchdog);
      if (isDone) resolve();
      else
        reject(new Error(`a child ended before its batch from ${request.from}; last was ${last}`));
    });
    child.send(request);
  });
}

/** A row of batches, of so many each. */
export function requests(
  kind: BatchRequest["kind"],
  from: number,
  count: number,
  size: number,
): BatchRequest[] {
  const found: BatchRequest[] = [];
  for (let at = from; at < from + count; at += size)
    found.push({ kind, from: at, count: Math.min(size, from + count - at), keepTrace: false });
  return found;
}
