/** The engine's world in a service worker. */
import { PresyncError } from "../../shared/errors.ts";
import type { EnvelopeTools } from "../../shared/codecs/envelope.ts";
import type { Clock, Disk, Locks, Log, Random, Timers, World } from "../engine/world.ts";

const webClock: Clock = { now: () => Date.now() };

const timers: Timers = {
  after(delayMs, action) {
    const timer = setTimeout(action, delayMs);
    return () => clearTimeout(timer);
  },
};

const random: Random = {
  uniform: () => Math.random(),
  bytes: (count) => crypto.getRandomValues(new Uint8Array(count)),
};

const locks: Locks = {
  exclusive: (name, action) => navigator.locks.request(name, action),
};

const log: Log = {
  warn: (event, fields = {}) => console.warn(`presync: ${event}`, fields),
};

const tools: EnvelopeTools = {
  sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", owned(bytes))),
  deflate: (bytes) => pipe(bytes, new CompressionStream("deflate-raw"), Number.POSITIVE_INFINITY),
  inflate: (bytes, bytesMax) => pipe(bytes, new DecompressionStream("deflate-raw"), bytesMax),
};

async function pipe(
  bytes: Uint8Array,
  through: ReadableWritablePair<Uint8Array, BufferSource>,
  bytesMax: number,
): Promise<Uint8Array> {
  const reader = new Blob([owned(bytes)]).stream().pipeThrough(through).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel();
      throw new PresyncError("too-large", `more than ${bytesMax} bytes unpacked`);
    }
    parts.push(owned(value));
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The platform's functions do not take bytes that might be shared between threads; ours never are. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}

export function createWebWorld(disk: Disk): World {
  return { clock: webClock, timers, random, disk, locks, tools, log };
}
