/**
 * The inbox: what was read from the bucket and is not yet in the Repo's storage. It is durable, because the
 * cursor that says "read" moves in the same transaction; and it is a place of its own, because one bad chunk in
 * the Repo's storage would cost acknowledged local edits at the next compaction. An entry leaves when the Repo
 * has stored everything in it.
 *
 * A document nobody has open stays in the inbox, unloaded, until it is opened.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { Pack } from "../../shared/codecs/pack.ts";
import { PresyncError } from "../../shared/errors.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Documents, Handle } from "./documents.ts";
import { unpackDocumentId } from "./packing.ts";
import type { Problems } from "./problems.ts";
import type { ReplicaDisk } from "./replica-disk.ts";

const inboxPrefix = "inbox/";
const asidePrefix = "aside/";

interface InboxEntry {
  readonly heads: readonly string[];
  readonly whole: boolean;
  readonly chunks: readonly Uint8Array[];
}

export interface InboxBatch {
  readonly put: Readonly<Record<string, unknown>>;
  readonly remove: readonly string[];
}

export interface Inbox {
  has(id: DocumentId): boolean;
  /**
   * What to write, in the transaction that moves the cursor, for a pack of `replica`'s publications; and what a
   * pack that began at the same publication left there, which this one contains.
   */
  toWrite(replica: ReplicaId, pack: Pack): InboxBatch;
  /** Call it when that transaction has committed; returns the documents concerned. */
  accept(batch: InboxBatch): DocumentId[];
  /** Brings what waits for this document into it and into storage; what cannot be applied yet stays. */
  apply(handle: Handle): Promise<void>;
}

export async function openInbox(
  disk: ReplicaDisk,
  documents: Documents,
  problems: Problems,
): Promise<Inbox> {
  const waiting = new Map<DocumentId, Map<string, InboxEntry>>();
  const running = new Map<DocumentId, Promise<void>>();

  const add = (key: string, entry: InboxEntry): DocumentId => {
    const id = documentOf(key);
    const entries = waiting.get(id) ?? new Map<string, InboxEntry>();
    waiting.set(id, entries.set(key, entry));
    return id;
  };
  for (const [key, value] of await disk.list(inboxPrefix)) add(key, value as InboxEntry);
  for (const [key] of await disk.list(asidePrefix)) problems.report(key, unfit(key));

  const forget = async (
    id: DocumentId,
    keys: readonly string[],
    aside: Record<string, unknown>,
  ): Promise<void> => {
    await disk.commit({ put: aside, remove: keys });
    const entries = waiting.get(id);
    for (const key of keys) entries?.delete(key);
    if (entries?.size === 0) waiting.delete(id);
  };

  const applyOnce = async (handle: Handle): Promise<void> => {
    const id = handle.documentId;
    const entries = [...(waiting.get(id) ?? [])];
    if (entries.length === 0) return;
    load(
      handle,
      entries.flatMap(([, entry]) => entry.chunks),
    );
    let left = entries.filter(([, entry]) => !holds(handle, entry.heads));
    // One bad chunk hides the good ones behind it: give each a try of its own.
    if (left.length > 0)
      for (const [, entry] of left) for (const chunk of entry.chunks) load(handle, [chunk]);
    left = left.filter(([, entry]) => !holds(handle, entry.heads));
    const poisoned = left.filter(([, entry]) => !entry.chunks.every(isReadable));
    if (handle.isReady() && (await documents.store(handle)) === undefined) return applyOnce(handle);
    const done = entries.filter(([, entry]) => holds(handle, entry.heads));
    const aside: Record<string, unknown> = {};
    for (const [key, entry] of poisoned) {
      const asideKey = asidePrefix + key.slice(inboxPrefix.length);
      aside[asideKey] = entry;
      problems.report(asideKey, unfit(asideKey));
    }
    const gone = [...done, ...poisoned].filter(
      ([key, entry]) => waiting.get(id)?.get(key) === entry,
    );
    if (gone.length > 0)
      await forget(
        id,
        gone.map(([key]) => key),
        aside,
      );
  };

  return {
    has: (id) => waiting.has(id),
    toWrite(replica, { first, last, documents: packed }) {
      const put: Record<string, InboxEntry> = {};
      const remove: string[] = [];
      for (const { documentId, heads, whole, chunks } of packed) {
        const id = unpackDocumentId(documentId);
        const start = `${inboxPrefix}${id}/${replica}/${first}-`;
        // Keys name their range: an entry is never overwritten while it is being applied.
        const key = start + last;
        put[key] = { heads: heads.map((head) => bytesToHex(head)), whole, chunks };
        for (const other of waiting.get(id)?.keys() ?? [])
          if (other.startsWith(start) && other !== key) remove.push(other);
      }
      return { put, remove };
    },
    accept({ put, remove }) {
      const ids = Object.entries(put).map(([key, entry]) => add(key, entry as InboxEntry));
      for (const key of remove) waiting.get(documentOf(key))?.delete(key);
      return [...new Set(ids)];
    },
    apply(handle) {
      const id = handle.documentId;
      const next = (running.get(id) ?? Promise.resolve())
        .catch(() => undefined)
        .then(() => applyOnce(handle));
      running.set(id, next);
      return next.finally(() => {
        if (running.get(id) === next) running.delete(id);
      });
    },
  };
}

function load(handle: Handle, chunks: readonly Uint8Array[]): void {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  try {
    handle.update((doc) => A.loadIncremental(doc, bytes));
  } catch {
    // What it could not take shows in the heads, which are looked at next.
  }
}

function holds(handle: Handle, heads: readonly string[]): boolean {
  return handle.isReady() && A.hasHeads(handle.doc(), [...heads]);
}

/** Whether a chunk is sound in itself: then it only waits for changes that have not come yet. */
function isReadable(chunk: Uint8Array): boolean {
  try {
    A.readBundle(chunk);
    return true;
  } catch {
    try {
      A.load(chunk);
      return true;
    } catch {
      return false;
    }
  }
}

/** `inbox/<document>/…` and `aside/<document>/…`. */
function documentOf(key: string): DocumentId {
  return key.split("/")[1] as DocumentId;
}

function unfit(asideKey: string): PresyncError {
  const key = documentOf(asideKey);
  return new PresyncError("malformed", "a change that cannot be applied", { key });
}
