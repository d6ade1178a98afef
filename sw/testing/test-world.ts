/** The engine's world in Node, for tests: everything in memory, hashing and compression by Node. */
import { createHash, randomBytes } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { EnvelopeTools } from "../../shared/codecs/envelope.ts";
import { createMemoryLocks } from "../engine/memory-world.ts";
import type { Disk, Locks, World } from "../engine/world.ts";

const started = Date.now();

export const nodeTools: EnvelopeTools = {
  sha256: async (bytes) => createHash("sha256").update(bytes).digest(),
  deflate: async (bytes) => deflateRawSync(bytes),
  inflate: async (bytes, maxOutputLength) => {
    // As a browser does, and unlike Node by itself: what follows the stream is an error.
    const { buffer, engine } = inflateRawSync(bytes, {
      maxOutputLength,
      info: true,
    }) as unknown as {
      readonly buffer: Uint8Array;
      readonly engine: { readonly bytesWritten: number };
    };
    if (engine.bytesWritten !== bytes.length) throw new Error("bytes after the end of the stream");
    return buffer;
  },
};

export interface TestWorldOptions {
  /** Time runs this much faster than the machine's: such tests are about order, not about time. */
  readonly haste?: number;
  /** How far the device's clock has been set, in milliseconds. */
  readonly offsetMs?: () => number;
  readonly locks?: Locks;
  /** What stands for chance, in [0, 1). */
  readonly uniform?: () => number;
}

/** A device's world: its disk is the only part that outlives it. */
export function createTestWorld(
  disk: Disk,
  {
    haste = 1,
    offsetMs = () => 0,
    uniform = Math.random,
    locks = createMemoryLocks(),
  }: TestWorldOptions = {},
): World {
  return {
    clock: { now: () => started + offsetMs() + (Date.now() - started) * haste },
    timers: {
      after(delayMs, action) {
        const timer = setTimeout(action, delayMs / haste);
        return () => clearTimeout(timer);
      },
    },
    random: { uniform, bytes: (count) => randomBytes(count) },
    disk,
    locks,
    tools: nodeTools,
    log: { warn() {} },
  };
}
