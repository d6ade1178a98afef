/**
 * Who reports, signals or listens. Devices do so all the time, and each look at the store costs more than what is said:
 * what was found is remembered for a while. An end that is told over the bus is heard of at once.
 */
import { PresyncError } from "../../shared/errors.ts";
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import type { CheckedConfig } from "../config.ts";
import type { Registry } from "../registry.ts";
import type { Member, Sessions } from "../session.ts";

/** For so long somebody whose sign-in was ended by an instance that tells nobody may still say that something has changed. */
const rememberedMs = 60_000;

/** A replica is registered for good; it is retired by its user, or after a month. */
const replicaRememberedMs = 300_000;

/** Some megabytes, of each. */
const rememberedMax = 10_000;

export interface Callers {
  /** Who the `Authorization` header speaks for; throws as `Sessions.authenticate`. */
  member(authorization: string | undefined): Promise<Member>;
  /** The replica, if it is one of this user's; throws `denied`, and `retired`. */
  replica(member: Member, replica: unknown): Promise<ReplicaId>;
  /** Whether nothing of this user's has ended since the store was asked about this member. */
  isCurrent(member: Member): boolean;
  /** Sign-ins of this user have ended. */
  forget(namespace: Namespace): void;
  /** Sign-ins of anybody may have ended. */
  forgetAll(): void;
}

export function createCallers(
  sessions: Pick<Sessions, "authenticate">,
  registry: Pick<Registry, "device">,
  { now }: Pick<CheckedConfig, "now">,
): Callers {
  const members = createMemory<Member>(now, rememberedMs);
  const replicas = createMemory<ReplicaId>(now, replicaRememberedMs);
  const ends = createEnds();
  const askedAt = new WeakMap<Member, number>();

  return {
    async member(authorization) {
      const known = members.get(authorization ?? "");
      if (known !== undefined && now() < known.expiresAt) return known;
      const from = ends.count;
      const member = await sessions.authenticate(authorization);
      askedAt.set(member, from);
      if (!ends.isSince(member.namespace, from))
        members.set(authorization ?? "", member.namespace, member);
      return member;
    },
    async replica({ namespace }, replica) {
      if (typeof replica !== "string") throw new PresyncError("malformed", "replica is missing");
      const name = `${namespace}/${replica}`;
      const known = replicas.get(name);
      if (known !== undefined) return known;
      const from = ends.count;
      const found = await registry.device(namespace, replica);
      if (found.state === "retired")
        throw new PresyncError("retired", "this replica was retired: ask for another one");
      if (!ends.isSince(namespace, from)) replicas.set(name, namespace, found.replica);
      return found.replica;
    },
    isCurrent: (member) => !ends.isSince(member.namespace, askedAt.get(member) ?? 0),
    forget(namespace) {
      ends.add(namespace);
      members.forget(namespace);
      replicas.forget(namespace);
    },
    forgetAll() {
      ends.addAll();
      members.clear();
      replicas.clear();
    },
  };
}

/** Which users' sign-ins have ended lately, in the order in which this was heard: for answers that were under way. */
interface Ends {
  /** How many there have been. */
  readonly count: number;
  add(namespace: Namespace): void;
  addAll(): void;
  /** Whether there was one of this user since there were so many; also where that is not known any more. */
  isSince(namespace: Namespace, count: number): boolean;
}

function createEnds(): Ends {
  const last = new Map<Namespace, number>();
  let count = 0;
  /** Up to this one all may have been anybody's. */
  let anybody = 0;
  return {
    get count() {
      return count;
    },
    add(namespace) {
      last.delete(namespace);
      last.set(namespace, ++count);
      const [oldest] = last;
      if (last.size <= rememberedMax || oldest === undefined) return;
      last.delete(oldest[0]);
      anybody = oldest[1];
    },
    addAll() {
      last.clear();
      anybody = ++count;
    },
    isSince: (namespace, from) => Math.max(last.get(namespace) ?? 0, anybody) > from,
  };
}

interface Memory<T> {
  get(key: string): T | undefined;
  set(key: string, namespace: Namespace, value: T): void;
  forget(namespace: Namespace): void;
  clear(): void;
}

function createMemory<T>(now: () => number, lifeMs: number): Memory<T> {
  const entries = new Map<string, { readonly until: number; namespace: Namespace; value: T }>();
  return {
    get(key) {
      const entry = entries.get(key);
      return entry !== undefined && now() < entry.until ? entry.value : undefined;
    },
    set(key, namespace, value) {
      entries.delete(key);
      entries.set(key, { until: now() + lifeMs, namespace, value });
      const [oldest] = entries.keys();
      if (entries.size > rememberedMax && oldest !== undefined) entries.delete(oldest);
    },
    forget(namespace) {
      for (const [key, entry] of entries) if (entry.namespace === namespace) entries.delete(key);
    },
    clear: () => entries.clear(),
  };
}
