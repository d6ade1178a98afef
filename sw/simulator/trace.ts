/**
 * What happened, folded into one hash: equal seeds must give equal hashes, in any process and after any other seed.
 * The lines themselves are kept only where somebody wants to read them.
 */
import { createHash } from "node:crypto";

export interface Trace {
  /** `time` is virtual, in milliseconds since the run began. */
  add(time: number, line: string): void;
  hash(): string;
  readonly lines: readonly string[];
}

export function createTrace(keep: boolean): Trace {
  const digest = createHash("sha256");
  const lines: string[] = [];
  return {
    add(time, line) {
      const text = `${time.toFixed(1)} ${line}\n`;
      digest.update(text);
      if (keep) lines.push(text.trimEnd());
    },
    hash: () => digest.copy().digest("hex"),
    lines,
  };
}

/** A short name for some bytes (FNV-1a, 32 bits): enough to see that two are the same. */
export function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
