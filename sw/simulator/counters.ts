/**
 * What really occurred, counted: a fault that never happens and a state that is never reached test nothing. States are
 * seen from outside (disks, bucket, requests, problems), never told by the engine.
 */
import type { FaultKind } from "./faults.ts";
import { faultKinds } from "./faults.ts";

export const stateKinds = [
  "spilled to a segment",
  "merged segments",
  "avoided a quarantined slot",
  "replayed a journal after a kill",
  "superseded an incarnation",
  "fled from its id",
  "waited for a dependency in the inbox",
  "set aside what cannot be applied",
  "met a reused slot",
  "repaired its own manifest",
  "told that a document is unavailable",
  "completed a first poll",
  "renewed a grant",
  "met an expired grant",
  "renewed for a newcomer",
  "took a reserved id",
  "merged what was made signed out",
  "found another's document",
  "outgrew the tail without a free slot",
  "landed a PUT after its retry",
  "landed the PUT of a dead incarnation",
  "cut a disk's last transactions",
  "started from a failing disk",
  "revoked what was known of a document",
  "complained of a segment",
  "adopted a replica",
  "emptied a superseded slot",
  "merged over levels",
] as const;

export type StateKind = (typeof stateKinds)[number];
export type CounterName = FaultKind | StateKind;

export interface Counters {
  count(name: CounterName, times?: number): void;
  all(): Record<string, number>;
}

export function createCounters(): Counters {
  const counts: Record<string, number> = {};
  for (const name of [...faultKinds, ...stateKinds]) counts[name] = 0;
  return {
    count(name, times = 1) {
      counts[name] = (counts[name] ?? 0) + times;
    },
    all: () => ({ ...counts }),
  };
}
