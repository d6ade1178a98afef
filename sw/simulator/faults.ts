/**
 * What may go wrong, and how often in this run. Each kind is switched off in half of the runs (swarm testing): a fault
 * that is always there hides what only happens without it.
 */
import type { CounterName } from "./counters.ts";
import type { SeededRandom } from "./random.ts";

/** For each call of the bucket. */
export const requestFaults = [
  "lost request",
  "lost answer",
  "late PUT",
  "late PUT behind a 504",
  "duplicate PUT",
  "reordered",
  "403 expired",
  "409",
  "412",
  "429",
  "5xx",
  "other status",
  "slow body",
  "truncated body",
  "stale read",
] as const;

/** For each call of whatever interface. */
export const callFaults = [
  "killed before the effect",
  "killed after the effect",
  "power lost at a call",
] as const;

/** For each transaction of a disk. */
export const diskFaults = ["disk full", "disk failed"] as const;

/** For each step of the story. */
export const storyFaults = [
  "killed while idle",
  "power lost",
  "disk evicted",
  "profile cloned",
  "two incarnations overlap",
  "clock jumped",
  "offline",
  "offline untold",
  "signer down",
  "session revoked",
  "signed out",
  "device joined",
  "device gone",
  "manifest deleted",
  "manifest rolled back",
  "manifest corrupted",
  "foreign object",
  "nonsense object",
  "prefix deleted",
  "prefix rolled back",
  "segment corrupted",
] as const;

/** Drawn once for a run. */
export const runFaults = ["clock skewed", "clock drifts", "short grants"] as const;

export type FaultKind =
  | (typeof requestFaults)[number]
  | (typeof callFaults)[number]
  | (typeof diskFaults)[number]
  | (typeof storyFaults)[number]
  | (typeof runFaults)[number];

export const faultKinds: readonly FaultKind[] = [
  ...requestFaults,
  ...callFaults,
  ...diskFaults,
  ...storyFaults,
  ...runFaults,
];

export interface Faults {
  /** Whether it happens now; counted where it does. */
  hits(kind: FaultKind): boolean;
  /** From now on nothing goes wrong any more. */
  heal(): void;
  readonly healed: boolean;
}

/** Share of the runs in which a kind is switched off. */
const offShare = 0.5;

/** [rarest, most frequent] for those that are on. */
function rangeOf(kind: FaultKind): readonly [low: number, high: number] {
  // A share of the kills.
  if (kind === "power lost at a call") return [0.2, 0.6];
  if (is(callFaults, kind)) return [0.0002, 0.005];
  if (is(diskFaults, kind)) return [0.0005, 0.01];
  if (is(storyFaults, kind)) return [0.02, 0.25];
  if (is(runFaults, kind)) return [0.5, 1];
  // No request of ours has a condition that could fail: it happens hardly ever, and costs the replica its id.
  if (kind === "412") return [0.001, 0.01];
  return [0.003, 0.12];
}

function is(kinds: readonly string[], kind: string): boolean {
  return kinds.includes(kind);
}

export function createFaults(
  random: SeededRandom,
  count: (name: CounterName) => void,
  /** Kinds that the engine cannot stand yet. */
  never: readonly FaultKind[],
): Faults {
  const rates = new Map<FaultKind, number>();
  const draws = random.fork("rates");
  for (const kind of faultKinds) {
    const rate = draws.magnitude(...rangeOf(kind));
    const off = draws.chance(offShare);
    rates.set(kind, off || never.includes(kind) ? 0 : rate);
  }
  let healed = false;
  return {
    get healed() {
      return healed;
    },
    hits(kind) {
      if (healed || !random.chance(rates.get(kind)!)) return false;
      count(kind);
      return true;
    },
    heal() {
      healed = true;
    },
  };
}

/** No fault at all: for what is judged on copies, and for runs whose only fault is planned. */
export function createNoFaults(): Faults {
  return { healed: true, hits: () => false, heal() {} };
}
