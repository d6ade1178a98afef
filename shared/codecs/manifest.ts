/**
 * The manifest: the one object of a replica that others poll, always written last. It says which publications
 * each slot in use holds, and carries the newest ones inline (the tail), so that a burst of edits is one PUT
 * and seeing it is one GET. It is uploaded with every flush, so its slots are delta-coded.
 *
 *     replica | incarnation | nonce (8) | time: milliseconds, counter | dataVersion | tail
 *             | slots, ascending by generation | fledFrom | adopted | wants, ascending | unreadable
 *             | line, unless it is empty
 *
 * A slot is: slot * 8 + level | generation, less the one before | tail.first - 1 - last | last - first | bytes
 * A stretch of the line is: from, less the one before | tag (4)
 */
import { PresyncError } from "../errors.ts";
import type { LogicalTime } from "../hlc.ts";
import { isLogicalTime } from "../hlc.ts";
import type { ReplicaId } from "../keys.ts";
import { ByteReader, ByteWriter, compareBytes, isAscending } from "./bytes.ts";
import { objectBytesMax } from "./envelope.ts";
import type { Pack } from "./pack.ts";
import { documentIdBytes, readPack, writePack } from "./pack.ts";
import { readReplicaId, writeReplicaId } from "./replica-id.ts";

export interface SlotRange {
  readonly level: number;
  readonly slot: number;
  /** The first and last publication the segment holds, both included. */
  readonly first: number;
  readonly last: number;
  /** The generation in the segment's envelope: tells it from an older PUT that landed late. */
  readonly generation: number;
  /** The object's size, for who has to choose between several. */
  readonly bytes: number;
}

/** Another replica at the generation up to which something is said of it. */
export interface ReplicaAt {
  readonly replica: ReplicaId;
  readonly generation: number;
}

/** The generations from this one on, up to the next stretch, are of one incarnation. */
export interface Stretch {
  readonly from: number;
  /** The first bytes of the incarnation's nonce. */
  readonly tag: Uint8Array;
}

export interface Manifest {
  readonly replica: ReplicaId;
  /** How often this replica was started, and random bytes that tell two starts with one number apart. */
  readonly incarnation: number;
  readonly nonce: Uint8Array;
  readonly time: LogicalTime;
  /** The version of the app's data model at the writer. */
  readonly dataVersion: number;
  readonly tail: Pack;
  readonly slots: readonly SlotRange[];
  /** Replica ids this one gave up, since somebody else was writing under them. The newest last, none twice. */
  readonly fledFrom: readonly ReplicaId[];
  /**
   * Retired replicas whose publications this one has taken over: their prefixes may be deleted. The newest last, none
   * twice.
   */
  readonly adopted: readonly ReplicaAt[];
  /** Ids of documents of which this one holds changes that build on others it cannot find, ascending. */
  readonly wants: readonly Uint8Array[];
  /**
   * Segments of other replicas that this one found missing, damaged, or other than their manifest says: for each such
   * replica the generation of one of them. Their owner then looks, and publishes anew what was in them. The newest
   * last, no replica twice.
   */
  readonly unreadable: readonly ReplicaAt[];
  /**
   * Which incarnations have written this replica's newest generations, ascending, this manifest's own last: who has read
   * one that another incarnation wrote has read a clone. Empty where the writer keeps none.
   */
  readonly line: readonly Stretch[];
}

export const nonceBytes = 8;
export const tagBytes = 4;
/** A slot's place is one number: `slot * levelsMax + level`. */
export const levelsMax = 8;
/** Also the most slots a level has. */
export const slotsMax = 256;
/** Also how many a writer lists, the newest ones. */
export const fledFromMax = 64;
export const adoptedMax = 256;
export const wantsMax = 256;
export const unreadableMax = 64;
/** Also how many a writer lists, the newest ones: it is uploaded with every flush. */
export const lineMax = 16;

/**
 * Puts slots and wants into their order, and lists a replica once, where it stands last. Throws `too-large` beyond a
 * limit, `internal` where no reader would take it.
 */
export function encodeManifest(manifest: Manifest): Uint8Array<ArrayBuffer> {
  const lists = inOrder(manifest);
  assertWithinLimits({ ...lists, line: manifest.line });
  const fault = faultOf({ ...manifest, ...lists });
  if (fault !== undefined) throw new PresyncError("internal", `a manifest ${fault}`);
  const out = new ByteWriter();
  writeReplicaId(out, manifest.replica);
  out.varint(manifest.incarnation);
  out.raw(manifest.nonce);
  out.varint(manifest.time.wallMs);
  out.varint(manifest.time.counter);
  out.varint(manifest.dataVersion);
  writePack(out, manifest.tail);
  let previous = 0;
  out.list(lists.slots, ({ level, slot, first, last, generation, bytes }) => {
    out.varint(slot * levelsMax + level);
    out.varint(generation - previous);
    out.varint(manifest.tail.first - 1 - last);
    out.varint(last - first);
    out.varint(bytes);
    previous = generation;
  });
  out.list(lists.fledFrom, (replica) => writeReplicaId(out, replica));
  out.list(lists.adopted, (at) => writeReplicaAt(out, at));
  out.list(lists.wants, (documentId) => out.raw(documentId));
  out.list(lists.unreadable, (at) => writeReplicaAt(out, at));
  if (manifest.line.length > 0) writeLine(out, manifest.line);
  return out.finish();
}

/** Throws `malformed`. */
export function decodeManifest(body: Uint8Array): Manifest {
  const reader = new ByteReader(body);
  const head = {
    replica: readReplicaId(reader),
    incarnation: reader.varint(),
    nonce: reader.raw(nonceBytes).slice(),
    time: { wallMs: reader.varint(), counter: reader.varint() },
    dataVersion: reader.varint(),
  };
  const tail = readPack(reader);
  const manifest: Manifest = {
    ...head,
    tail,
    slots: readSlots(reader, tail.first - 1),
    fledFrom: reader.list(fledFromMax, () => readReplicaId(reader)),
    adopted: reader.list(adoptedMax, () => readReplicaAt(reader)),
    wants: reader.list(wantsMax, () => reader.raw(documentIdBytes).slice()),
    unreadable: reader.list(unreadableMax, () => readReplicaAt(reader)),
    line: reader.remaining > 0 ? readLine(reader) : [],
  };
  reader.end();
  const fault = faultOf(manifest);
  if (fault !== undefined) throw new PresyncError("malformed", `a manifest ${fault}`);
  return manifest;
}

/** `end`: the publication before the tail. */
function readSlots(reader: ByteReader, end: number): SlotRange[] {
  let generation = 0;
  return reader.list(slotsMax, () => {
    const place = reader.varint();
    generation += reader.varint();
    const last = end - reader.varint();
    const first = last - reader.varint();
    const bytes = reader.varint();
    const [level, slot] = [place % levelsMax, Math.floor(place / levelsMax)];
    return { level, slot, first, last, generation, bytes };
  });
}

function writeLine(out: ByteWriter, line: readonly Stretch[]): void {
  let previous = 0;
  out.list(line, ({ from, tag }) => {
    out.varint(from - previous);
    out.raw(tag);
    previous = from;
  });
}

function readLine(reader: ByteReader): Stretch[] {
  let from = 0;
  const line = reader.list(lineMax, () => {
    from += reader.varint();
    return { from, tag: reader.raw(tagBytes).slice() };
  });
  if (line.length === 0) throw new PresyncError("malformed", "a manifest with an empty line");
  return line;
}

function writeReplicaAt(out: ByteWriter, { replica, generation }: ReplicaAt): void {
  writeReplicaId(out, replica);
  out.varint(generation);
}

function readReplicaAt(reader: ByteReader): ReplicaAt {
  return { replica: readReplicaId(reader), generation: reader.varint() };
}

type Lists = Pick<Manifest, "slots" | "fledFrom" | "adopted" | "wants" | "unreadable">;

function inOrder({ slots, fledFrom, adopted, wants, unreadable }: Manifest): Lists {
  return {
    slots: slots.toSorted((a, b) => a.generation - b.generation),
    fledFrom: newestOf(fledFrom, (replica) => replica),
    adopted: newestOf(adopted, ({ replica }) => replica),
    wants: wants.toSorted(compareBytes),
    unreadable: newestOf(unreadable, ({ replica }) => replica),
  };
}

/** What is listed twice stands where it stood last. */
function newestOf<T>(items: readonly T[], replicaOf: (item: T) => ReplicaId): readonly T[] {
  const lastIndex = new Map(items.map((item, index) => [replicaOf(item), index]));
  return items.filter((item, index) => lastIndex.get(replicaOf(item)) === index);
}

function assertWithinLimits(lists: Lists & Pick<Manifest, "line">): void {
  const { slots, fledFrom, adopted, wants, unreadable, line } = lists;
  const limits: [items: readonly unknown[], countMax: number, what: string][] = [
    [slots, slotsMax, "slots"],
    [fledFrom, fledFromMax, "replicas it fled from"],
    [adopted, adoptedMax, "adopted replicas"],
    [wants, wantsMax, "wants"],
    [unreadable, unreadableMax, "replicas it found unreadable"],
    [line, lineMax, "stretches of its line"],
  ];
  for (const [items, countMax, what] of limits)
    if (items.length > countMax)
      throw new PresyncError("too-large", `a manifest of more than ${countMax} ${what}`);
}

/** What makes it no manifest, in words; undefined where nothing does. Writer and reader ask the same. */
function faultOf(manifest: Manifest): string | undefined {
  const { nonce, time, tail, slots, fledFrom, adopted, wants, unreadable, line } = manifest;
  if (nonce.length !== nonceBytes) return "with a malformed nonce";
  if (!isLogicalTime(time)) return "with an impossible time";
  if (hasImpossibleSlot(slots, tail.first - 1)) return "with an impossible slot";
  if ([fledFrom, idsOf(adopted), idsOf(unreadable)].some(hasRepeat))
    return "that lists a replica twice";
  if (wants.some((documentId) => documentId.length !== documentIdBytes) || !isAscending(wants))
    return "whose wants are not in order";
  if (hasImpossibleStretch(line)) return "with an impossible line";
  return undefined;
}

function idsOf(items: readonly ReplicaAt[]): ReplicaId[] {
  return items.map(({ replica }) => replica);
}

function hasRepeat(replicas: readonly ReplicaId[]): boolean {
  return new Set(replicas).size < replicas.length;
}

/** `end`: the publication before the tail. */
function hasImpossibleSlot(slots: readonly SlotRange[], end: number): boolean {
  const places = new Set(slots.map(({ level, slot }) => slot * levelsMax + level));
  if (places.size < slots.length) return true;
  let previous = 0;
  return slots.some(({ level, slot, first, last, generation, bytes }) => {
    const isPossible =
      isIndex(level, levelsMax) &&
      isIndex(slot, slotsMax) &&
      first >= 1 &&
      first <= last &&
      last <= end &&
      generation > previous &&
      Number.isSafeInteger(generation) &&
      bytes <= objectBytesMax;
    previous = generation;
    return !isPossible;
  });
}

function hasImpossibleStretch(line: readonly Stretch[]): boolean {
  return line.some(({ from, tag }, index) => {
    const isLater = from > (line[index - 1]?.from ?? 0);
    return !isLater || !Number.isSafeInteger(from) || tag.length !== tagBytes;
  });
}

function isIndex(value: number, length: number): boolean {
  return Number.isInteger(value) && value >= 0 && value < length;
}
