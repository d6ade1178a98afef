/**
 * Brings what waits in the inbox into documents: at once into open ones, as often as their size allows, and into
 * storage for closed ones of which too much waits. What cannot be applied is set aside, and tried again now and then.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { PresyncError } from "../../shared/errors.ts";
import { bytesToHex } from "../../shared/hex.ts";
import { applyPauseMs, applyPauseMsMax } from "./apply-pause.ts";
import { concatenate } from "./chunks.ts";
import type { Documents, Handle } from "./documents.ts";
import type { Inbox, InboxEntry, Sorted, Target } from "./inbox.ts";
import { asideKey, asidePrefix, documentOf } from "./inbox.ts";
import { pause } from "./pause.ts";
import type { Problems } from "./problems.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { World } from "./world.ts";

/** What was set aside may be understood by another build, or after a change of heart of the disk. */
const asideRetryMs: number = 60 * 60 * 1000;

export interface Applier {
  /** Resolves when what waited for this document when it was called is in it and stored, or cannot be. */
  apply(handle: Handle): Promise<void>;
  /** Since when documents have been waiting for changes that have not come. */
  readonly waitingSince: ReadonlyMap<DocumentId, number>;
  /** Brings into storage what crowds the inbox. */
  unload(): Promise<void>;
}

export interface ApplierParts {
  readonly world: World;
  readonly disk: ReplicaDisk;
  readonly documents: Documents;
  readonly inbox: Inbox;
  readonly problems: Problems;
  /** Names the build: another one may understand what this one does not. */
  readonly build: string;
}

interface AsideEntry extends InboxEntry {
  readonly triedAt?: number;
  readonly build?: string;
}

export async function createApplier(parts: ApplierParts): Promise<Applier> {
  const { world, disk, documents, inbox, problems, build } = parts;
  const { clock, timers, tools } = world;
  const running = new Map<DocumentId, Promise<void>>();
  const waitingSince = new Map<DocumentId, number>();
  /** What is in the queue of a document, by what holds it: a document that is loaded anew has an empty queue. */
  const brought = new WeakMap<object, Set<string>>();
  const pauseUntil = new Map<DocumentId, number>();

  for (const key of await disk.keys(asidePrefix)) problems.report(key, unfit(key));

  const applyOnce = async (handle: Handle): Promise<void> => {
    const id = handle.documentId;
    const restMs = Math.min((pauseUntil.get(id) ?? 0) - clock.now(), applyPauseMsMax);
    if (restMs > 0) await pause(timers, restMs);
    await retryAside(id);
    if (!inbox.has(id)) return;
    const startedAt = clock.now();
    const known = broughtInto(handle);
    const sorted = await inbox.sort(id, targetOf(handle), known);
    pauseUntil.set(id, clock.now() + applyPauseMs(clock.now() - startedAt));
    if (handle.isReady() && (await documents.store(handle)) === undefined) return applyOnce(handle);
    await forget(id, sorted);
    for (const key of [...sorted.done, ...sorted.poisoned]) known.delete(key);
    if (sorted.waitingSince === null) waitingSince.delete(id);
    else waitingSince.set(id, sorted.waitingSince);
  };

  const broughtInto = (handle: Handle): Set<string> => {
    let known = new Set<string>();
    handle.update((doc) => {
      const queue = A.getBackend(doc);
      known = brought.get(queue) ?? known;
      brought.set(queue, known);
      return doc;
    });
    return known;
  };

  const forget = async (id: DocumentId, { done, poisoned }: Sorted): Promise<void> => {
    if (done.length + poisoned.length > 0) await inbox.forget(id, [...done, ...poisoned], poisoned);
    for (const key of done) problems.resolve(asideKey(key));
    for (const key of poisoned) problems.report(asideKey(key), unfit(key));
  };

  const retryAside = async (id: DocumentId): Promise<void> => {
    const now = clock.now();
    for (const [key, value] of await disk.list(`${asidePrefix}${id}/`)) {
      const entry = value as AsideEntry;
      const age = now - (entry.triedAt ?? Number.NEGATIVE_INFINITY);
      if (entry.build === build && age >= 0 && age < asideRetryMs) continue;
      const tried: AsideEntry = { ...entry, triedAt: now, build };
      await disk.commit({ put: { [key]: tried } });
      inbox.restore(key, tried);
    }
  };

  /** What others wrote goes into storage as one chunk, once it is known to fit what is there. */
  const unloadOne = async (id: DocumentId): Promise<void> => {
    const stored = await documents.storedChunks(id);
    let doc =
      stored.length === 0 ? A.init<unknown>() : A.loadIncremental(A.init(), concatenate(stored));
    try {
      const before = A.getHeads(doc);
      const target: Target = {
        doc: () => doc,
        bring(chunks) {
          doc = tryLoad(doc, chunks);
        },
      };
      const sorted = await inbox.sort(id, target, new Set());
      const fresh = A.getChangesMetaSince(doc, before).map(({ hash }) => hash);
      if (fresh.length > 0) {
        const bundle = A.saveBundle(doc, fresh);
        await documents.storeChunk(id, bytesToHex(await tools.sha256(bundle)), bundle);
      }
      // Who began to load it before the chunk was there has not seen it: then the inbox is still needed.
      if (!documents.isOpen(id)) await forget(id, sorted);
    } finally {
      A.free(doc);
    }
  };

  return {
    waitingSince,
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
    async unload() {
      for (const id of inbox.crowded()) if (!documents.isOpen(id)) await unloadOne(id);
    },
  };
}

function targetOf(handle: Handle): Target {
  return {
    doc: () => (handle.isReady() ? handle.doc() : undefined),
    bring: (chunks) => handle.update((doc) => tryLoad(doc, chunks)),
  };
}

/** What it could not take shows in what the document has afterwards. */
function tryLoad<T>(doc: A.Doc<T>, chunks: readonly Uint8Array[]): A.Doc<T> {
  try {
    return A.loadIncremental(doc, concatenate(chunks));
  } catch {
    return doc;
  }
}

function unfit(key: string): PresyncError {
  return new PresyncError("malformed", "a change that cannot be applied", { key: documentOf(key) });
}
