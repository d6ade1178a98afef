/**
 * Seeds that found something, by what they found. A pinned seed is run by the tests for as long as the run it makes is
 * worth it; a change of the simulator makes another run of it, and then the finding needs a test of its own.
 */
export interface PinnedSeed {
  readonly name: string;
  readonly seed: number;
  /** What it found. */
  readonly found: string;
  /** The invariants that it still violates, until that is mended; none where it must be clean. */
  readonly violates: readonly string[];
}

export const pinnedSeeds: readonly PinnedSeed[] = [
  {
    name: "a clock is put forward while a late PUT is waited for",
    seed: 1743,
    found:
      "a slot was used again too early by the true time: the rule goes by the device's clock, and says so now",
    violates: [],
  },
  {
    name: "the disk refuses to note that a PUT is in doubt",
    seed: 11435,
    found: "the doubt was forgotten, and the slot was used again while the PUT could still land",
    violates: [],
  },
  {
    name: "the disk refuses to note that segments are to be looked at",
    seed: 12049,
    found:
      "another manifest hid that the prefix had been rolled back, and complaints about superseded segments were ignored",
    violates: [],
  },
  {
    name: "complaints about superseded segments",
    seed: 12036,
    found:
      "a reader names the last segment it tried, which was superseded by the one that was lost",
    violates: [],
  },
  {
    name: "the disk refuses while the inbox is applied",
    seed: 20157,
    found: "what waited for an open document was not applied until something else happened to it",
    violates: [],
  },
  {
    name: "a clone shows while a write gets no answer",
    seed: 41698,
    found:
      "the other's manifest was not judged while something was being written, and then it was written over",
    violates: [],
  },
  {
    name: "a retired replica is adopted as an older manifest tells it",
    seed: 52898,
    found: "what had been read beyond that was deleted with the prefix, and not published again",
    violates: [],
  },
  {
    name: "an old manifest comes back, and its owner does not",
    seed: 80255,
    found: "a segment merged into a slot that the old one names was listed nowhere, and never read",
    violates: [],
  },
  {
    name: "a clone is written over, and loses its disk before it notices",
    seed: 94229,
    found:
      "a reader could not tell the two lines apart where the other one's incarnation was higher, and took what was written over for published",
    violates: [],
  },
  {
    name: "the disk refuses a mark, and another one that met it",
    seed: 702534,
    found: "the second waited for the first for ever: the document was not stored any more",
    violates: [],
  },
  {
    name: "a retired replica is adopted by who has not read all of it",
    seed: 705879,
    found: "what was copied without having been read never came into the adopter's own documents",
    violates: [],
  },
];
