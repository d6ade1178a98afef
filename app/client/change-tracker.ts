/**
 * Follows a tab's documents and finds what the worker does not have yet. Every local change leaves at once
 * (coalesced per microtask), not with the Repo's throttled sync messages; and until the worker says that it is
 * on disk, it counts as unacknowledged and is sent again to the next worker.
 */
import * as A from "@automerge/automerge/slim";
import type { DocHandle, DocumentId } from "@automerge/automerge-repo/slim";
import type { Changes } from "../../shared/wire.ts";

type Handle = DocHandle<unknown>;

export interface ChangeTracker {
  /** Changes, or documents with changes, that the worker has not said to be on disk. */
  readonly unacknowledged: number;
  /** Begins to follow a document. */
  track(handle: Handle): void;
  /** The worker has these heads, in memory or on disk. */
  workerHas(id: DocumentId, heads: readonly string[]): void;
  /** The worker turned out to have these heads and no more. */
  workerHasOnly(id: DocumentId, heads: readonly string[]): void;
  acknowledged(seq: number): void;
  /** The worker is gone: what it had not acknowledged may be lost, and is sent to the next one. */
  disconnected(): void;
  connected(): void;
  /** Everything that is not acknowledged, for a last hand-over; and how many documents could not be read for it. */
  outstanding(): { readonly changes: readonly Changes[]; readonly unreadable: number };
  /** What `outstanding` gave has come to the disk. */
  handedOver(changes: readonly Changes[]): void;
}

export interface TrackerEvents {
  /** `unacknowledged` has changed. */
  changed(): void;
  /** There is something to send and no connection. */
  needed(): void;
}

interface Tracked {
  readonly handle: Handle;
  /** Heads the worker has or had, as far as it has told. */
  told: readonly string[];
  /** Heads of what was sent and is not acknowledged. */
  sent: readonly string[];
  /** There may be something to send. */
  isDue: boolean;
}

export function createChangeTracker(
  send: (seq: number, changes: Changes) => void,
  events: TrackerEvents,
): ChangeTracker {
  const tracked = new Map<DocumentId, Tracked>();
  /** What was sent and not acknowledged, as it was sent: the next worker gets the same. */
  const waiting = new Map<number, Changes>();
  let isConnected = false;
  let lastSeq = 0;

  const flush = (entry: Tracked): void => {
    if (!entry.isDue) return;
    if (!isConnected) {
      if (news(entry) !== undefined) events.needed();
      return events.changed();
    }
    entry.isDue = false;
    const changes = news(entry);
    if (changes !== undefined) {
      const seq = ++lastSeq;
      entry.sent = changes.heads;
      waiting.set(seq, changes);
      send(seq, changes);
    }
    events.changed();
  };

  const schedule = (entry: Tracked): void => {
    if (entry.isDue && isConnected) return;
    entry.isDue = true;
    queueMicrotask(() => flush(entry));
  };

  const settle = (seq: number): void => {
    const changes = waiting.get(seq);
    const entry = tracked.get(changes?.documentId as DocumentId);
    waiting.delete(seq);
    if (changes !== undefined && entry !== undefined) entry.told = merge(entry.told, changes.heads);
  };

  return {
    get unacknowledged() {
      let count = waiting.size;
      for (const entry of tracked.values()) if (entry.isDue && news(entry) !== undefined) count++;
      return count;
    },
    track(handle) {
      const { documentId } = handle;
      const known = tracked.get(documentId);
      // The same document may come back under another handle, when it was removed from the Repo's cache.
      if (known?.handle === handle) return;
      const entry: Tracked = { handle, told: known?.told ?? [], sent: [], isDue: false };
      tracked.set(documentId, entry);
      handle.on("heads-changed", () => {
        if (tracked.get(documentId) === entry) schedule(entry);
      });
      if (handle.isReady()) schedule(entry);
    },
    workerHas(id, heads) {
      const entry = tracked.get(id);
      if (entry !== undefined) entry.told = merge(entry.told, heads);
    },
    workerHasOnly(id, heads) {
      const entry = tracked.get(id);
      if (entry === undefined) return;
      [entry.told, entry.sent] = [heads, []];
      for (const [seq, { documentId }] of waiting) if (documentId === id) waiting.delete(seq);
      schedule(entry);
    },
    acknowledged(seq) {
      settle(seq);
      events.changed();
    },
    disconnected() {
      isConnected = false;
    },
    connected() {
      isConnected = true;
      for (const [seq, changes] of waiting) send(seq, changes);
      for (const entry of tracked.values()) if (entry.isDue) flush(entry);
    },
    outstanding() {
      const changes = [...waiting.values()];
      let unreadable = 0;
      for (const entry of tracked.values())
        try {
          const unsent = news(entry);
          if (unsent !== undefined) changes.push(unsent);
        } catch {
          // A page that is being closed may have been cut off in the middle of a change: the others are to be saved.
          unreadable++;
        }
      return { changes, unreadable };
    },
    handedOver(all) {
      const stored = new Set(all);
      for (const [seq, changes] of waiting) if (stored.has(changes)) waiting.delete(seq);
      for (const { documentId, heads } of all) {
        const entry = tracked.get(documentId as DocumentId);
        if (entry !== undefined) entry.told = merge(entry.told, heads);
      }
      events.changed();
    },
  };
}

/** What the document has beyond what was sent, or told by the worker; undefined where that is nothing. */
function news({ handle, told, sent }: Tracked): Changes | undefined {
  if (!handle.isReady()) return undefined;
  const doc = handle.doc();
  const shared = [...told, ...sent].filter(
    // Not `hasHeads`, which encodes the whole change to find out.
    (head) => A.getBackend(doc).getChangeMetaByHash(head) !== null,
  );
  if (A.getChangesMetaSince(doc, shared).length === 0) return undefined;
  const bytes = shared.length === 0 ? A.save(doc) : A.saveSince(doc, shared);
  return { documentId: handle.documentId, bytes, heads: A.getHeads(doc) };
}

/** Enough to remember: what stands for more than this is told by the next sync message. */
const headsMax = 64;

function merge(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].slice(-headsMax);
}
