/**
 * With whom a browser has channels. Up to a bound with everybody; beyond it with its neighbours on a ring of all
 * replica ids, which keeps the mesh in one piece, and with those that changed something last. The bucket reaches the
 * rest, always.
 */
import type { ReplicaId } from "../../shared/keys.ts";

/** A connection costs a browser about a megabyte, and each edit is sent over each. */
export const meshPeersMax = 8;
/** On either side: a ring holds together although some of its members are gone. */
const neighboursEachSide = 2;

export interface MeshCandidate {
  readonly replica: ReplicaId;
  /** Milliseconds since 1970. */
  readonly lastChangeAt: number;
}

export function choosePeers(
  own: ReplicaId,
  candidates: readonly MeshCandidate[],
  countMax: number = meshPeersMax,
): ReplicaId[] {
  const others = candidates.map(({ replica }) => replica).toSorted();
  if (others.length <= countMax) return others;
  // Who comes after the own id, then all the others in a circle.
  const ring = [...others.filter((id) => id > own), ...others.filter((id) => id < own)];
  const near = [...ring.slice(0, neighboursEachSide), ...ring.slice(-neighboursEachSide)];
  const recent = candidates
    .toSorted((a, b) => b.lastChangeAt - a.lastChangeAt)
    .map(({ replica }) => replica);
  return [...new Set([...near, ...recent])].slice(0, countMax).toSorted();
}
