/**
 * The inbox: what was read from the bucket and is not yet in the Repo's storage. It is durable, because the
 * cursor that says "read" moves in the same transaction; and it is a place of its own, because one bad chunk in
 * the Repo's storage would cost acknowledged local edits at the next compaction. An entry leaves when every change
 * in it is in the document, and the Repo has stored it.
 *
 * A document nobody has open stays in the inbox, unloaded, until it is opened. Memory holds the keys of what waits,
 * and of the newest entries their content.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { Pack } from "../../shared/codecs/pack.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { AnyDoc } from "./chunks.ts";
import { hasAll, hashesOf } from "./chunks.ts";
import { unpackDocumentId } from "./packing.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { Clock } from "./world.ts";

/**
 * `inbox/<document>/<replica>/<source>/<first>-<last>`, of publications: from one source the same range is always the
 * same, so that no entry is ever overwritten with anything else.
 */
const inboxPrefix = "inbox/";

/** What arrives is needed at once where the document is open; more than this is read from disk again. */
const rememberedBytesMax: number = 4 * 1024 * 1024;

/** Entries of a closed document beyond which they are worth bringing into storage. */
const closedEntriesMax = 64;

export interface InboxEntry {
  /** Change hashes; every change in the chunks is one of these or an ancestor of one. */
  readonly heads: readonly string[];
  readonly chunks: readonly Uint8Array[];
  /** Milliseconds since 1970. */
  readonly receivedAt: number;
}

export interface InboxBatch {
  readonly put: Readonly<Record<string, InboxEntry>>;
  readonly remove: readonly string[];
}

/** What became of the entries of a document that was looked at. */
export interface Sorted {
  /** In the document now, as far as memory goes: to be forgotten once the document is stored. */
  readonly done: readonly string[];
  /** No changes at all, whatever the hash of their object says. */
  readonly poisoned: readonly string[];
  /** They build on changes that have not come yet; since when, in milliseconds since 1970. */
  readonly waitingSince: number | null;
}

export interface Inbox {
  has(id: DocumentId): boolean;
  /** Documents of which so much waits that it should be brought into storage without opening them. */
  crowded(): DocumentId[];
  /**
   * What to write, in the transaction that moves the cursor, for a pack of `replica`'s publications: what does not wait
   * already. And what a shorter pack of that source that began at the same publication left there, which this contains.
   */
  toWrite(replica: ReplicaId, source: string, pack: Pack): InboxBatch;
  /** Call it when that transaction has committed; returns the documents concerned. */
  accept(batch: InboxBatch): DocumentId[];
  /** The chunks of what waits for a document, but for those that cannot be read. */
  chunksOf(id: DocumentId): Promise<Uint8Array[]>;
  /** The same, whatever they are: to look at each takes longer than to load them all. */
  uncheckedChunksOf(id: DocumentId): Promise<Uint8Array[]>;
  /**
   * Brings what waits for a document into it, but for what is in `brought` already: that is in the document's queue,
   * and applies by itself when what it waits for comes. Adds what it brings.
   */
  sort(id: DocumentId, target: Target, brought: Set<string>): Promise<Sorted>;
  /** Takes entries out of the inbox; those of `aside` are kept, set aside. */
  forget(id: DocumentId, keys: readonly string[], aside?: readonly string[]): Promise<void>;
  /** Gives what was set aside another try: it stays on disk where it is until it is forgotten. */
  restore(asideKey: string, entry: InboxEntry): void;
}

/** A document that changes can be brought into. */
export interface Target {
  /** Undefined as long as it has no content. */
  doc(): AnyDoc | undefined;
  /** Chunks that do not fit change nothing. */
  bring(chunks: readonly Uint8Array[]): void;
}

/** `aside/…`, as `inbox/…`: what is no change at all. */
export const asidePrefix = "aside/";

export async function openInbox(disk: ReplicaDisk, clock: Clock): Promise<Inbox> {
  /** By key; undefined where only the disk has the entry. */
  const waiting = new Map<DocumentId, Map<string, InboxEntry | undefined>>();
  let rememberedBytes = 0;

  const add = (key: string, entry: InboxEntry | undefined): DocumentId => {
    const id = documentOf(key);
    const entries = waiting.get(id) ?? new Map<string, InboxEntry | undefined>();
    const bytes = entry === undefined ? 0 : bytesOf(entry);
    const fits = rememberedBytes + bytes <= rememberedBytesMax;
    if (fits) rememberedBytes += bytes;
    waiting.set(id, entries.set(key, fits ? entry : undefined));
    return id;
  };

  const drop = (id: DocumentId, keys: readonly string[]): void => {
    const entries = waiting.get(id);
    for (const key of keys) {
      const entry = entries?.get(key);
      if (entry !== undefined) rememberedBytes -= bytesOf(entry);
      entries?.delete(key);
    }
    if (entries?.size === 0) waiting.delete(id);
  };

  const load = async (id: DocumentId): Promise<[key: string, entry: InboxEntry][]> => {
    const loaded: [string, InboxEntry][] = [];
    for (const [key, entry] of waiting.get(id) ?? []) {
      const found = entry ?? ((await disk.read(key)) as InboxEntry | undefined);
      if (found !== undefined) loaded.push([key, found]);
    }
    return loaded;
  };

  const waitingFor = async (id: DocumentId): Promise<Uint8Array[]> =>
    (await load(id)).flatMap(([, { chunks }]) => chunks);

  for (const key of await disk.keys(inboxPrefix)) add(key, undefined);

  return {
    has: (id) => waiting.has(id),
    crowded: () =>
      [...waiting].filter(([, entries]) => entries.size > closedEntriesMax).map(([id]) => id),
    toWrite(replica, source, { first, last, documents: packed }) {
      const put: Record<string, InboxEntry> = {};
      const remove: string[] = [];
      for (const { documentId, heads: packedHeads, chunks } of packed) {
        const heads = packedHeads.map((head) => bytesToHex(head));
        const id = unpackDocumentId(documentId);
        const start = `${inboxPrefix}${id}/${replica}/${source}/${first}-`;
        const key = start + last;
        const there = waiting.get(id);
        // It has waited since it came first.
        if (there?.has(key) === true) continue;
        put[key] = { heads, chunks, receivedAt: clock.now() };
        for (const other of there?.keys() ?? [])
          if (other.startsWith(start) && Number(other.slice(start.length)) < last)
            remove.push(other);
      }
      return { put, remove };
    },
    accept({ put, remove }) {
      for (const key of remove) drop(documentOf(key), [key]);
      return [...new Set(Object.entries(put).map(([key, entry]) => add(key, entry)))];
    },
    async chunksOf(id) {
      const chunks = await waitingFor(id);
      return chunks.filter((chunk) => hashesOf(chunk) !== undefined);
    },
    uncheckedChunksOf: waitingFor,
    async sort(id, target, brought) {
      const entries = await load(id);
      const held = new Set<string>();
      const fresh = entries.filter(([key]) => !brought.has(key));
      if (fresh.length > 0) target.bring(fresh.flatMap(([, { chunks }]) => chunks));
      for (const [key] of fresh) brought.add(key);
      const has = (hashes: readonly string[]): boolean => {
        const doc = target.doc();
        return hashes.length > 0 && doc !== undefined && hasAll(doc, hashes);
      };
      const open = entries.filter(([, { heads }]) => !has(heads));
      // One bad chunk hides the good ones behind it: give each a try of its own, once.
      for (const [key, { chunks }] of open)
        if (fresh.some(([freshKey]) => freshKey === key))
          for (const chunk of chunks) target.bring([chunk]);
      const poisoned: string[] = [];
      let waitingSince: number | null = null;
      for (const [key, { heads, chunks, receivedAt }] of open) {
        if (has(heads)) continue;
        const hashes = chunks.map((chunk) => hashesOf(chunk));
        if (hashes.includes(undefined)) poisoned.push(key);
        else if (!hashes.every((some) => has(some!)))
          waitingSince = Math.min(waitingSince ?? receivedAt, receivedAt);
        else held.add(key);
      }
      const left = new Set(open.map(([key]) => key));
      const done = entries
        .filter(([key, { heads }]) => !left.has(key) || has(heads) || held.has(key))
        .map(([key]) => key);
      return { done, poisoned, waitingSince };
    },
    async forget(id, keys, aside = []) {
      const put: Record<string, unknown> = {};
      for (const [key, entry] of await load(id))
        if (aside.includes(key)) put[asideKey(key)] = entry;
      const kept = keys.filter((key) => !aside.includes(key)).map(asideKey);
      await disk.commit({ put, remove: [...keys, ...kept] });
      drop(id, keys);
    },
    restore(key, entry) {
      add(inboxPrefix + key.slice(asidePrefix.length), entry);
    },
  };
}

function bytesOf({ chunks }: InboxEntry): number {
  return chunks.reduce((sum, chunk) => sum + chunk.length, 0);
}

export function asideKey(inboxKey: string): string {
  return asidePrefix + inboxKey.slice(inboxPrefix.length);
}

/** `inbox/<document>/…` and `aside/<document>/…`. */
export function documentOf(key: string): DocumentId {
  return key.split("/")[1] as DocumentId;
}
