/** Who waits for the store to acknowledge some heads of a document. */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { Deferred } from "../../shared/deferred.ts";
import { createDeferred } from "../../shared/deferred.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { Documents } from "./documents.ts";
import { covers } from "./documents.ts";
import type { Frontier, Heads } from "./frontier.ts";

export interface BucketWaiters {
  /** Resolves once the frontier covers these heads; rejects with `closed`. */
  wait(id: DocumentId, heads: Heads): Promise<void>;
  /** The frontier has moved, or a document has been loaded. */
  settle(): void;
  close(): void;
}

interface Waiter extends Deferred<void> {
  readonly id: DocumentId;
  readonly heads: Heads;
}

export function createBucketWaiters(documents: Documents, frontier: Frontier): BucketWaiters {
  const waiters = new Set<Waiter>();
  let isClosed = false;

  const settle = (): void => {
    for (const waiter of waiters) {
      const handle = documents.loaded(waiter.id);
      const known = frontier.remembered(waiter.id);
      if (handle === undefined || known === undefined) continue;
      if (!covers(handle, known, waiter.heads)) continue;
      waiters.delete(waiter);
      waiter.resolve();
    }
  };

  return {
    wait(id, heads) {
      const waiter: Waiter = { id, heads, ...createDeferred() };
      if (isClosed) waiter.reject(closed());
      else waiters.add(waiter);
      settle();
      return waiter.promise;
    },
    settle,
    close() {
      isClosed = true;
      for (const waiter of waiters) waiter.reject(closed());
      waiters.clear();
    },
  };
}

function closed(): PresyncError {
  return new PresyncError("closed", "the session was closed");
}
