/**
 * The reader of one other replica: its manifest, and what that says is new. A reader trusts nothing: magic,
 * length, hash, version, limits and the replica's name are checked before anything is kept.
 */
import { openEnvelope } from "../../shared/codecs/envelope.ts";
import type { Manifest, SlotRange } from "../../shared/codecs/manifest.ts";
import { decodeManifest } from "../../shared/codecs/manifest.ts";
import type { Pack } from "../../shared/codecs/pack.ts";
import { decodeSegment } from "../../shared/codecs/segment.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey, segmentName } from "../../shared/keys.ts";
import { coverOf } from "./slots.ts";
import type { Bucket, World } from "./world.ts";

/** A slot may be reused between reading the manifest and reading the slot; hardly three times in a row. */
const attemptsMax = 3;

/** How far a replica has been read. */
export interface Cursor {
  readonly generation: number;
  /** The newest publication that is in the inbox or beyond; 0 before the first. */
  readonly publication: number;
  /** Milliseconds since 1970, by the writer's logical clock. */
  readonly changedAt: number;
}

export const startCursor: Cursor = { generation: 0, publication: 0, changedAt: 0 };

export interface OpenedManifest {
  readonly generation: number;
  readonly manifest: Manifest;
}

export type ReadResult =
  /** No such object: nobody has this id, or it has written nothing yet. */
  | { readonly kind: "absent" }
  | { readonly kind: "unchanged"; readonly etag: string | undefined }
  /** A manifest older than one that was read before. */
  | { readonly kind: "older"; readonly generation: number }
  | {
      readonly kind: "news";
      readonly cursor: Cursor;
      readonly packs: readonly Pack[];
      readonly etag: string | undefined;
      /** Some segments are gone or damaged: the cursor stays where it is, and the rest is there all the same. */
      readonly problem: PresyncError | null;
    };

export async function readReplica(
  { tools }: Pick<World, "tools">,
  bucket: Bucket,
  replica: ReplicaId,
  cursor: Cursor,
  knownEtag: string | undefined,
): Promise<ReadResult> {
  for (let attempt = 0; ; attempt++) {
    const reload = attempt > 0;
    const fetched = await bucket.get(replica, manifestName, reload ? { reload } : { knownEtag });
    if (fetched === null) return { kind: "absent" };
    if (fetched === "unchanged") return { kind: "unchanged", etag: knownEtag };
    const { etag } = fetched;
    const opened = await openManifest({ tools }, bucket, replica, fetched.bytes);
    const { generation, manifest } = opened;
    if (generation < cursor.generation) return { kind: "older", generation };
    if (generation === cursor.generation) return { kind: "unchanged", etag };
    const { packs, problem } = await gap(tools, bucket, manifest, cursor.publication + 1);
    if (problem !== null && attempt + 1 < attemptsMax) continue;
    const publication = Math.max(manifest.tail.last, cursor.publication);
    const next = { generation, publication, changedAt: manifest.time.wallMs };
    return { kind: "news", cursor: problem === null ? next : cursor, packs, etag, problem };
  }
}

export async function openManifest(
  { tools }: Pick<World, "tools">,
  bucket: Bucket,
  replica: ReplicaId,
  bytes: Uint8Array,
): Promise<OpenedManifest> {
  const key = objectKey(bucket.namespace, replica, manifestName);
  const { generation, body } = await named(key, () => openEnvelope(bytes, "manifest", tools));
  const manifest = await named(key, () => decodeManifest(body));
  if (manifest.replica !== replica)
    throw new PresyncError("malformed", "a manifest of another replica", { key });
  return { generation, manifest };
}

/** The packs that hold the publications from `first` on, as far as they can be had. */
async function gap(
  tools: World["tools"],
  bucket: Bucket,
  manifest: Manifest,
  first: number,
): Promise<{ readonly packs: readonly Pack[]; readonly problem: PresyncError | null }> {
  const { slots, tail, replica } = manifest;
  if (first > tail.last) return { packs: [], problem: null };
  if (first >= tail.first) return { packs: [tail], problem: null };
  const packs: Pack[] = [];
  let problem: PresyncError | null = null;
  for (const range of coverOf(slots, first, tail.first - 1)) {
    const name = segmentName(range.level, range.slot);
    const key = objectKey(bucket.namespace, replica, name);
    try {
      const pack = await readSegment(tools, bucket, replica, range);
      if (pack !== undefined) packs.push(pack);
      else
        problem = new PresyncError("malformed", "a segment that its manifest names is gone", {
          key,
        });
    } catch (error) {
      if (!(error instanceof PresyncError) || error.code !== "malformed") throw error;
      problem = error;
    }
  }
  return { packs: tail.documents.length === 0 ? packs : [...packs, tail], problem };
}

/** Undefined where the slot holds another segment than the manifest says: it was reused, or a late PUT landed. */
export async function readSegment(
  tools: World["tools"],
  bucket: Bucket,
  replica: ReplicaId,
  { level, slot, first, last, generation }: SlotRange,
): Promise<Pack | undefined> {
  const name = segmentName(level, slot);
  const key = objectKey(bucket.namespace, replica, name);
  const fetched = await bucket.get(replica, name);
  if (fetched === null || fetched === "unchanged") return undefined;
  const envelope = await named(key, () => openEnvelope(fetched.bytes, "segment", tools));
  if (envelope.generation !== generation) return undefined;
  const segment = await named(key, () => decodeSegment(envelope.body));
  if (segment.replica !== replica)
    throw new PresyncError("malformed", "a segment of another replica", { key });
  if (segment.pack.first !== first || segment.pack.last !== last)
    throw new PresyncError("malformed", "a segment with another range than its manifest says", {
      key,
    });
  return segment.pack;
}

/** Adds the object's key to what goes wrong inside. */
async function named<T>(key: string, action: () => T | Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof PresyncError)) throw error;
    throw new PresyncError(error.code, error.message, { key, cause: error });
  }
}
