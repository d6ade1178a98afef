/**
 * Everything the engine needs of the world. It names no clock, no network and no storage of its own, so that
 * the same code runs in the service worker, in Node, and in a simulation where each of these is a model.
 */
import type { EnvelopeTools } from "../../shared/codecs/envelope.ts";
import type { Layout, Namespace, ReplicaId } from "../../shared/keys.ts";

export interface Clock {
  /** Milliseconds since 1970. May jump; nothing but pauses and display may depend on it. */
  now(): number;
}

export interface Timers {
  /** Runs `action` once, `delayMs` from now at the earliest; the returned function cancels. */
  after(delayMs: number, action: () => void): () => void;
}

export interface Random {
  /** Uniform in [0, 1): for jitter. */
  uniform(): number;
  bytes(count: number): Uint8Array;
}

/** What is written together: all of it or nothing. */
export interface Batch {
  readonly put?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
  /** Unless this key has this value, the batch is refused with `superseded`. */
  readonly guard?: { readonly key: string; readonly value: unknown };
}

/** A small durable map, one for each user; keys sort by code unit. */
export interface Disk {
  read(key: string): Promise<unknown>;
  /** The entries whose key begins with `prefix`, in the order of their keys. */
  list(prefix: string): Promise<[key: string, value: unknown][]>;
  /** Their keys alone. */
  keys(prefix: string): Promise<string[]>;
  /** Resolves when the batch would survive a loss of power; throws `disk-full`, `disk-failed`, `superseded`. */
  commit(batch: Batch): Promise<void>;
  close(): void;
}

export interface Locks {
  /** Runs `action` while nobody else on this device holds the lock of that name. */
  exclusive<T>(name: string, action: () => Promise<T>): Promise<T>;
}

export interface Fetched {
  readonly bytes: Uint8Array;
  /** Opaque; undefined where the store's CORS configuration hides it. */
  readonly etag: string | undefined;
}

/**
 * `reserved`: an id that nobody has yet. `retired`: its last grant expired long ago; whoever takes over what it
 * published lets its prefix be deleted.
 */
export type PeerState = "active" | "reserved" | "retired";

export interface GrantedPeer {
  readonly replica: ReplicaId;
  readonly state: PeerState;
}

/**
 * The object store as one grant lets it be seen. Methods throw PresyncError with `unreachable`,
 * `outcome-unknown` (PUT), `expired`, `denied`, `retry` or `unexpected-answer`.
 */
export interface Bucket {
  readonly namespace: Namespace;
  readonly replica: ReplicaId;
  readonly layout: Layout;
  /** The namespace's other replicas, most recently active first. */
  peers(): readonly GrantedPeer[];
  /** Overwrites an object below the own prefix. */
  put(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  /** Null where there is none; `unchanged` where its ETag is still `knownEtag`. `reload` passes every cache. */
  get(
    replica: ReplicaId,
    name: string,
    options?: { readonly knownEtag?: string | undefined; readonly reload?: boolean },
  ): Promise<Fetched | "unchanged" | null>;
}

export interface Log {
  /** `event` is a fixed text; `fields` hold no secret and no URL. */
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface World {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly disk: Disk;
  readonly locks: Locks;
  readonly tools: EnvelopeTools;
  readonly log: Log;
}
