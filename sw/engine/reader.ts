/**
 * The reader of one replica: its manifest, and what that says is new. A reader trusts nothing: magic, length, hash,
 * version, limits, the replica's name and every range are checked before anything is kept.
 *
 * What is new is handed over piece by piece, oldest first, so that however much it is only one segment is in memory,
 * and whoever is killed in between goes on where it was.
 */
import { openEnvelope } from "../../shared/codecs/envelope.ts";
import type { Manifest, SlotRange } from "../../shared/codecs/manifest.ts";
import { decodeManifest } from "../../shared/codecs/manifest.ts";
import type { Pack } from "../../shared/codecs/pack.ts";
import { decodeSegment } from "../../shared/codecs/segment.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { PresyncError } from "../../shared/errors.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey, segmentName } from "../../shared/keys.ts";
import { isOfOtherLine, writerOf } from "./line.ts";
import type { Written } from "./line.ts";
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
  /** The newest manifest of which anything was taken; not always was all of it there. */
  readonly newest: Written | null;
}

/** The generation of the newest manifest of which anything was taken; 0 where nothing was. */
export function readUpTo({ generation, newest }: Cursor): number {
  return Math.max(generation, newest?.generation ?? 0);
}

export const startCursor: Cursor = { generation: 0, publication: 0, changedAt: 0, newest: null };

export interface OpenedManifest {
  readonly generation: number;
  readonly manifest: Manifest;
}

export type ReadResult =
  /** No such object: nobody has this id, or it has written nothing yet. */
  | { readonly kind: "absent" }
  | { readonly kind: "unchanged"; readonly etag: string | undefined }
  /** A manifest older than one that was read before. */
  | { readonly kind: "older" }
  | {
      readonly kind: "news";
      readonly cursor: Cursor;
      readonly manifest: Manifest;
      readonly etag: string | undefined;
      /** Some segments are gone or damaged: the cursor stays before them, and the rest is there all the same. */
      readonly missing: Missing | null;
    };

/** The first segment that could not be had, and why. */
export interface Missing {
  readonly generation: number;
  readonly problem: PresyncError;
}

export interface Reading {
  readonly tools: World["tools"];
  readonly bucket: Bucket;
  readonly replica: ReplicaId;
  readonly cursor: Cursor;
  readonly knownEtag?: string | undefined;
  /**
   * Keeps a pack, and in the same transaction the cursor to go on from. From one source a range of publications always
   * holds the same; two clones have given the same numbers to different ones.
   */
  readonly take: (pack: Pack, cursor: Cursor, source: string) => Promise<void>;
  /**
   * Two devices have written under this id: what was read of it before may be there no more. Called before anything is
   * taken of the other line, because that moves the cursor.
   */
  readonly forked?: (() => Promise<void>) | undefined;
  /**
   * Keeps the pack of a segment that lies where the manifest names another one, and nothing else: an old manifest came
   * back, and whoever wrote both may never mend it.
   */
  readonly salvage?: ((pack: Pack, source: string) => Promise<void>) | undefined;
}

export async function readReplica(reading: Reading): Promise<ReadResult> {
  const { tools, bucket, replica, knownEtag } = reading;
  let { cursor } = reading;
  for (let attempt = 0; ; attempt++) {
    const reload = attempt > 0;
    const fetched = await bucket.get(replica, manifestName, reload ? { reload } : { knownEtag });
    if (fetched === null) return { kind: "absent" };
    if (fetched === "unchanged") return { kind: "unchanged", etag: knownEtag };
    const { etag } = fetched;
    const { generation, manifest } = await openManifest({ tools }, bucket, replica, fetched.bytes);
    if (generation < readUpTo(cursor)) return { kind: "older" };
    if (cursor.newest !== null && isOfOtherLine(cursor.newest, manifest)) {
      await reading.forked?.();
      cursor = startCursor;
    }
    if (generation === cursor.generation) return { kind: "unchanged", etag };
    const isLastAttempt = attempt + 1 === attemptsMax;
    const salvage = isLastAttempt ? reading.salvage : undefined;
    const newest = { generation, writer: writerOf(manifest) };
    const from = { ...cursor, newest };
    const gap = await readGap({ ...reading, cursor: from, salvage }, manifest, reload);
    ({ cursor } = gap);
    const { missing } = gap;
    if (missing !== null && !isLastAttempt) continue;
    if (missing === null) {
      const publication = Math.max(manifest.tail.last, cursor.publication);
      cursor = { generation, publication, changedAt: manifest.time.wallMs, newest };
    }
    await reading.take(gap.tail, cursor, newest.writer.nonce);
    return { kind: "news", cursor, manifest, etag, missing };
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

interface Gap {
  readonly cursor: Cursor;
  /** What the manifest's tail has beyond the cursor: the last piece. */
  readonly tail: Pack;
  readonly missing: Missing | null;
}

/** Hands over the segments that lie between the cursor and the tail, as far as they can be had. */
async function readGap(
  { tools, bucket, replica, cursor: start, take, salvage }: Reading,
  { slots, tail, nonce }: Manifest,
  reload: boolean,
): Promise<Gap> {
  const unusable = new Set<number>();
  let cursor = start;
  let missing: Missing | null = null;
  let failure: Missing | null = null;
  let next = cursor.publication + 1;
  while (next < tail.first) {
    const usable = slots.filter(({ generation }) => !unusable.has(generation));
    const range = coverOf(usable, next, tail.first - 1)[0];
    // What no segment lists was lost, and published anew; what is listed and cannot be had is missing.
    const end = range?.first ?? tail.first;
    const isListed = slots.some(({ first, last }) => first < end && last >= next);
    if (next < end && isListed) missing ??= failure;
    if (range === undefined) break;
    const found = await readSegment(tools, bucket, replica, range, { reload });
    if (found.problem === null) {
      if (missing === null) cursor = { ...cursor, publication: range.last };
      await take(found.pack, cursor, bytesToHex(nonce));
      next = range.last + 1;
      continue;
    }
    // Nobody says which of two clones has written it.
    if (found.pack !== null) await salvage?.(found.pack, `found-${found.generation}`);
    unusable.add(range.generation);
    failure = { generation: range.generation, problem: found.problem };
  }
  const isNew = tail.last > cursor.publication;
  return { cursor, tail: isNew ? tail : { ...tail, documents: [] }, missing };
}

/** Whether an error says that an object is not what it should be, rather than that it cannot be had now. */
export function isUnreadable(error: unknown): error is PresyncError {
  return error instanceof PresyncError && unreadableCodes.has(error.code);
}

const unreadableCodes: ReadonlySet<ErrorCode> = new Set([
  "malformed",
  "too-large",
  "unsupported-version",
]);

export type FoundSegment =
  | { readonly pack: Pack; readonly problem: null }
  /** The slot holds a segment of this replica, but another one: it was reused, or a late PUT landed. */
  | { readonly pack: Pack; readonly generation: number; readonly problem: PresyncError }
  | { readonly pack: null; readonly problem: PresyncError };

/** What a slot holds. Throws what the store throws. */
export async function readSegment(
  tools: World["tools"],
  bucket: Bucket,
  replica: ReplicaId,
  range: SlotRange,
  { reload = false }: { readonly reload?: boolean } = {},
): Promise<FoundSegment> {
  const name = segmentName(range.level, range.slot);
  const key = objectKey(bucket.namespace, replica, name);
  try {
    const fetched = await bucket.get(replica, name, { reload });
    if (fetched === null || fetched === "unchanged")
      throw new PresyncError("malformed", "a segment that its manifest names is gone", { key });
    const { bytes } = fetched;
    const { generation, body } = await named(key, () => openEnvelope(bytes, "segment", tools));
    const segment = await named(key, () => decodeSegment(body));
    if (segment.replica !== replica)
      throw new PresyncError("malformed", "a segment of another replica", { key });
    const { pack } = segment;
    // Two clones may have given one generation to two segments of one range.
    const isNamed =
      generation === range.generation &&
      bytes.length === range.bytes &&
      pack.first === range.first &&
      pack.last === range.last;
    if (isNamed) return { pack, problem: null };
    const what = "another segment than the one its manifest names";
    return { pack, generation, problem: new PresyncError("malformed", what, { key }) };
  } catch (error) {
    if (!isUnreadable(error)) throw error;
    return { pack: null, problem: error };
  }
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
