/**
 * Follows a tab's documents and finds what the worker does not have yet. Every local change leaves at once
 * (coalesced per microtask), not with the Repo's throttled sync messages; and until the worker says that it is
 * on disk, it counts as unacknowledged and is sent again to the next worker.
 */
import * as A from "@automerge/automerge/slim";
import type { DocHandle, DocumentId, Repo } from "@automerge/automerge-repo/slim";
import type { Changes } from "../../shared/wire.ts";

type Handle = DocHandle<unknown>;

export interface ChangeTracker {
  /** Changes sent and not acknowledged. */
  readonly unacknowledged: number;
  /** Begins to follow a document. */
  track(id: DocumentId): void;
  /** The worker has these heads, in memory or on disk. */
  workerHas(id: DocumentId, heads: readonly string[]): void;
  /** The worker turned out to have these heads and no more. */
  workerHasOnly(id: DocumentId, heads: readonly string[]): void;
  acknowledged(seq: number): void;
  /** The worker is gone: what it had not acknowledged may be lost, and is sent to the next one. */
  disconnected(): void;
  connected(): void;
  /** Everything that is not acknowledged, for a last hand-over. */
  outstanding(): Changes[];
}

export interface TrackerEvents {
  /** `unacknowledged` has changed. */
  changed(): void;
  /** There is something to send and no connection. */
  needed(): void;
}

interface Tracked {
  readonly handle: Handle;
  /** Heads the worker has or had, without those that only unacknowledged messages carried. */
  safe: readonly string[];
  /** Heads of what was sent since the connection was made. */
  sent: readonly string[];
  scheduled: boolean;
}

export function createChangeTracker(
  repo: Repo,
  send: (seq: number, changes: Changes) => void,
  events: TrackerEvents,
): ChangeTracker {
  const tracked = new Map<DocumentId, Tracked>();
  const waiting = new Map<number, { readonly id: DocumentId; readonly heads: readonly string[] }>();
  let isConnected = false;
  let lastSeq = 0;

  const handles = (): Partial<Record<DocumentId, Handle>> => repo.handles;

  const flush = (entry: Tracked): void => {
    entry.scheduled = false;
    if (!isConnected) return events.needed();
    const changes = beyond(entry.handle, [...entry.safe, ...entry.sent]);
    if (changes === undefined) return;
    const seq = ++lastSeq;
    entry.sent = changes.heads;
    waiting.set(seq, { id: entry.handle.documentId, heads: changes.heads });
    events.changed();
    send(seq, changes);
  };

  const schedule = (entry: Tracked): void => {
    if (entry.scheduled) return;
    entry.scheduled = true;
    queueMicrotask(() => flush(entry));
  };

  const track = (id: DocumentId): Tracked | undefined => {
    const known = tracked.get(id);
    const handle = handles()[id];
    if (known !== undefined || handle === undefined) return known;
    const entry: Tracked = { handle, safe: [], sent: [], scheduled: false };
    tracked.set(id, entry);
    handle.on("heads-changed", () => schedule(entry));
    // Not at once: what the worker is about to tell may be all there is.
    if (handle.isReady()) schedule(entry);
    return entry;
  };

  return {
    get unacknowledged() {
      return waiting.size;
    },
    track,
    workerHas(id, heads) {
      const entry = track(id);
      if (entry !== undefined) entry.safe = merge(entry.safe, heads);
    },
    workerHasOnly(id, heads) {
      const entry = track(id);
      if (entry === undefined) return;
      entry.safe = heads;
      entry.sent = [];
      for (const [seq, message] of waiting) if (message.id === id) waiting.delete(seq);
      schedule(entry);
    },
    acknowledged(seq) {
      const message = waiting.get(seq);
      if (message === undefined) return;
      waiting.delete(seq);
      const entry = tracked.get(message.id);
      if (entry !== undefined) entry.safe = merge(entry.safe, message.heads);
      events.changed();
    },
    disconnected() {
      isConnected = false;
      waiting.clear();
      for (const entry of tracked.values()) entry.sent = [];
      events.changed();
    },
    connected() {
      isConnected = true;
      for (const entry of tracked.values()) schedule(entry);
    },
    outstanding() {
      const found: Changes[] = [];
      for (const handle of Object.values(handles())) {
        if (handle === undefined) continue;
        const changes = beyond(handle, tracked.get(handle.documentId)?.safe ?? []);
        if (changes !== undefined) found.push(changes);
      }
      return found;
    },
  };
}

/** What the document has beyond these heads; undefined where that is nothing. */
function beyond(handle: Handle, known: readonly string[]): Changes | undefined {
  if (!handle.isReady()) return undefined;
  const doc = handle.doc();
  const shared = known.filter((head) => A.hasHeads(doc, [head]));
  if (A.getChangesMetaSince(doc, shared).length === 0) return undefined;
  const bytes = shared.length === 0 ? A.save(doc) : A.saveSince(doc, shared);
  return { documentId: handle.documentId, bytes, heads: A.getHeads(doc) };
}

/** Enough to remember: what stands for more than this is told by the next sync message. */
const headsMax = 64;

function merge(a: readonly string[], b: readonly string[]): readonly string[] {
  return [...new Set([...a, ...b])].slice(-headsMax);
}
