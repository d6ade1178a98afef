/**
 * Seeded randomness: the same seed draws the same numbers in every process (sfc32, Chris Doty-Humphrey's PractRand).
 * `fork` gives a stream of its own, so that drawing more in one part of a run leaves the other parts as they are.
 */

export interface SeededRandom {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** An integer from 0 to `below` - 1. */
  int(below: number): number;
  between(low: number, high: number): number;
  /** Between the two, small ones as likely as large ones on a logarithmic scale. */
  magnitude(low: number, high: number): number;
  chance(probability: number): boolean;
  pick<T>(from: readonly T[]): T;
  bytes(count: number): Uint8Array<ArrayBuffer>;
  fork(label: string): SeededRandom;
}

export function createRandom(seed: string): SeededRandom {
  let [a, b, c, d] = expand(seed);
  const next = (): number => {
    const sum = (a + b + d) | 0;
    d = (d + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  for (let turn = 0; turn < 12; turn++) next();
  const uniform = (): number => next() / 2 ** 32;
  return {
    uniform,
    int: (below) => Math.floor(uniform() * below),
    between: (low, high) => low + uniform() * (high - low),
    magnitude: (low, high) => low * (high / low) ** uniform(),
    // A probability of zero draws all the same: the stream must not depend on it.
    chance: (probability) => uniform() < probability,
    pick: (from) => from[Math.floor(uniform() * from.length)]!,
    bytes(count) {
      const bytes = new Uint8Array(count);
      for (let index = 0; index < count; index++) bytes[index] = next() & 0xff;
      return bytes;
    },
    fork: (label) => createRandom(`${seed}/${label}`),
  };
}

/** Four words out of a text (FNV-1a, four times over). */
function expand(text: string): [number, number, number, number] {
  const word = (salt: number): number => {
    let hash = 0x811c9dc5 ^ salt;
    for (let index = 0; index < text.length; index++)
      hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
    return hash | 0;
  };
  return [word(1), word(2), word(3), word(4)];
}
