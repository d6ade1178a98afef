/**
 * The signing service as a model: it names replicas, out of a pool whose next ids every grant already reserves, and
 * gives grants with an expiry by its own, right clock.
 */
import type { ReplicaId } from "../../shared/keys.ts";
import type { Layout, Namespace } from "../../shared/keys.ts";
import type { SeededRandom } from "./random.ts";

export interface SimulatedGrant {
  readonly namespace: Namespace;
  readonly replica: ReplicaId;
  readonly layout: Layout;
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly peers: readonly { readonly replica: ReplicaId; readonly state: GrantedState }[];
  /** Stands for the signatures: it must appear nowhere but in requests. */
  readonly secret: string;
}

export type GrantedState = "active" | "reserved" | "retired";

export interface SignerModel {
  readonly namespace: Namespace;
  readonly layout: Layout;
  /** Every id that was ever given, the newest last. */
  readonly assigned: readonly ReplicaId[];
  /** Ids that every grant lists as reserved, and that nobody will get in this run. */
  readonly strangers: readonly ReplicaId[];
  isDown: boolean;
  /** Its last grant expired long ago: it may be adopted, and its id is never granted again. */
  retire(replica: ReplicaId): void;
  /** Whether its prefix waits for somebody to adopt it. */
  isRetired(replica: ReplicaId): boolean;
  /** Its prefix is deleted: it is listed no more. */
  bury(replica: ReplicaId): void;
  grant(replica: ReplicaId | null, now: number): SimulatedGrant;
}

export interface SignerParts {
  readonly random: SeededRandom;
  readonly layout: Layout;
  readonly grantLifeMs: number;
  readonly reservedCount: number;
}

/** What a leak is recognised by. */
export const secretMark = "X-Amz-Signature=canary";

const poolSize = 64;
const strangerCount = 1;

export function createSignerModel(parts: SignerParts): SignerModel {
  const { random, layout, grantLifeMs, reservedCount } = parts;
  const namespace = "key:someone" as Namespace;
  const pool = Array.from(
    { length: poolSize },
    () => `browser-${Buffer.from(random.bytes(6)).toString("hex")}` as ReplicaId,
  );
  let next = 0;
  const activeAt = new Map<ReplicaId, number>();

  const retired = new Set<ReplicaId>();
  const buried = new Set<ReplicaId>();

  const assigned = (): ReplicaId[] => pool.slice(0, next);
  const strangers = pool.slice(-strangerCount);
  /** The next ids to be given come first. */
  const reserved = (): ReplicaId[] => [...pool.slice(next, next + reservedCount), ...strangers];

  return {
    namespace,
    layout,
    get assigned() {
      return assigned();
    },
    strangers,
    isDown: false,
    retire: (replica) => void retired.add(replica),
    isRetired: (replica) => retired.has(replica) && !buried.has(replica),
    bury: (replica) => void buried.add(replica),
    grant(wanted, now) {
      const isGranted = wanted !== null && !retired.has(wanted);
      const replica = isGranted ? wanted : pool[next++];
      if (replica === undefined) throw new Error("the pool of replica ids is empty");
      activeAt.set(replica, now);
      const others = assigned()
        .filter((other) => other !== replica && !buried.has(other))
        .toSorted((a, b) => activeAt.get(b)! - activeAt.get(a)!);
      return {
        namespace,
        replica,
        layout,
        issuedAt: now,
        expiresAt: now + grantLifeMs,
        peers: [
          ...others.map((other) => ({
            replica: other,
            state: retired.has(other) ? ("retired" as const) : ("active" as const),
          })),
          ...reserved().map((other) => ({ replica: other, state: "reserved" as const })),
        ],
        secret: secretMark + Buffer.from(random.bytes(8)).toString("hex"),
      };
    },
  };
}
