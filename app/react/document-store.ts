/**
 * A named document of the current user as an external store, in React's sense: an immutable snapshot, and listeners.
 *
 * It is open for as long as somebody listens. When another user becomes current the snapshot is empty in the same moment, and
 * the document of the same name is opened for the new user. A snapshot never outlives its user, and neither does
 * the function that changes its document.
 */
import type { Doc } from "@automerge/automerge/slim";
import type { ChangeFn, ChangeOptions } from "@automerge/automerge/slim";
import type { DocHandle, Repo } from "@automerge/automerge-repo/slim";
import { PresyncError } from "../../shared/errors.ts";
import type { Presync } from "../client/connect.ts";

/**
 * Changes the document that it was given with, at once. It throws `closed` where there is none yet; and after another user
 * has become current it throws too, instead of changing the new one's document.
 */
export type ChangeDocument<T> = (change: ChangeFn<T>, options?: ChangeOptions<T>) => void;

export interface DocumentState<T> {
  /** For everything else: `presync.saved(handle, "bucket")`, heads, cursors. Undefined while there is no document. */
  readonly handle: DocHandle<T> | undefined;
  /** Why it could not be opened. */
  readonly error: PresyncError | undefined;
}

/** `doc` is undefined while it is being opened, and where that has failed. */
export type OpenedDocument<T> = readonly [
  doc: Doc<T> | undefined,
  change: ChangeDocument<T>,
  state: DocumentState<T>,
];

export interface DocumentStore<T> {
  readonly subscribe: (listener: () => void) => () => void;
  readonly get: () => OpenedDocument<T>;
}

type Documents = Pick<Presync, "open" | "repo" | "repos">;

export function createDocumentStore<T extends object>(
  presync: Documents,
  name: string,
  init: T,
): DocumentStore<T> {
  const listeners = new Set<() => void>();
  let snapshot: OpenedDocument<T> = empty;
  /** Whose document the snapshot shows. */
  let owner: Repo | null = null;
  let close: () => void = doNothing;

  const show = (next: OpenedDocument<T>): void => {
    snapshot = next;
    for (const listener of listeners) listener();
  };

  const open = (repo: Repo): (() => void) => {
    let isLeft = false;
    let leave = (): void => {
      isLeft = true;
    };
    owner = repo;
    show(empty);
    presync.open<T>(name, init).then(
      (handle) => {
        // Left meanwhile: for nobody, or for another user, whose document this may be already.
        if (isLeft) return;
        const change: ChangeDocument<T> = (...args) => handle.change(...args);
        const state = { handle, error: undefined };
        const look = (): void => show([handle.doc(), change, state]);
        handle.on("change", look);
        leave = () => handle.off("change", look);
        look();
      },
      (error: unknown) => {
        if (!isLeft)
          show([undefined, notOpen, { handle: undefined, error: asPresyncError(error) }]);
      },
    );
    return () => leave();
  };

  const start = (): (() => void) => {
    let leave: () => void = doNothing;
    // Told of the present Repo at once.
    const unsubscribe = presync.repos.subscribe((repo) => {
      leave();
      leave = open(repo);
    });
    return () => {
      unsubscribe();
      leave();
      [snapshot, owner] = [empty, null];
    };
  };

  return {
    subscribe(listener) {
      const own = (): void => listener();
      listeners.add(own);
      if (listeners.size === 1) close = start();
      return () => {
        if (listeners.delete(own) && listeners.size === 0) close();
      };
    },
    get: () => (owner === presync.repo ? snapshot : empty),
  };
}

function doNothing(): void {
  // There is nothing to leave yet.
}

const notOpen = (): never => {
  throw new PresyncError("closed", "the document is not open");
};

const empty: OpenedDocument<never> = [undefined, notOpen, { handle: undefined, error: undefined }];

/** By its code: the page's presync is another bundle, with an error class of its own. */
function asPresyncError(error: unknown): PresyncError {
  if (typeof (error as Partial<PresyncError> | null)?.code === "string")
    return error as PresyncError;
  return new PresyncError("internal", String(error), { cause: error });
}
