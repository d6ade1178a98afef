/**
 * The object store as a model: objects by key, with what they were before, for stale reads. It says of every write when
 * it took effect, and whose object it replaced.
 */
import { objectKey } from "../../shared/keys.ts";
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import type { DecodedObject } from "./decode-object.ts";
import { decodeObject } from "./decode-object.ts";
import { fingerprint } from "./trace.ts";

export interface StoredObject {
  readonly bytes: Uint8Array;
  readonly etag: string;
  /** The device that wrote it; null where somebody else did. */
  readonly writer: string | null;
  readonly at: number;
  readonly decoded: DecodedObject | null;
}

/** A version; null where there was no object. */
export type Version = { readonly object: StoredObject | null; readonly until: number };

export interface BucketModel {
  readonly objects: Map<string, StoredObject>;
  write(key: string, bytes: Uint8Array, writer: string | null, now: number): void;
  remove(key: string, now: number): void;
  /** An earlier version, at most `ageMs` out of date; undefined where there is none. */
  earlier(key: string, now: number, ageMs: number): StoredObject | null | undefined;
  /** Every earlier version of an object, oldest first. */
  versions(key: string): readonly Version[];
  /** The objects below a replica's prefix, by name. */
  below(namespace: Namespace, replica: ReplicaId): Map<string, StoredObject>;
}

const versionsMax = 8;

export function createBucketModel(): BucketModel {
  const objects = new Map<string, StoredObject>();
  const history = new Map<string, Version[]>();

  const keep = (key: string, now: number): void => {
    const versions = history.get(key) ?? [];
    versions.push({ object: objects.get(key) ?? null, until: now });
    history.set(key, versions.slice(-versionsMax));
  };

  return {
    objects,
    write(key, bytes, writer, now) {
      keep(key, now);
      const etag = `"${fingerprint(bytes)}-${bytes.length}"`;
      objects.set(key, { bytes, etag, writer, at: now, decoded: decodeObject(bytes) });
    },
    remove(key, now) {
      keep(key, now);
      objects.delete(key);
    },
    earlier(key, now, ageMs) {
      const found = history.get(key)?.find(({ until }) => until > now - ageMs);
      return found === undefined ? undefined : found.object;
    },
    versions: (key) => history.get(key) ?? [],
    below(namespace, replica) {
      const prefix = objectKey(namespace, replica, "");
      const found = new Map<string, StoredObject>();
      for (const [key, object] of objects)
        if (key.startsWith(prefix)) found.set(key.slice(prefix.length), object);
      return found;
    },
  };
}
