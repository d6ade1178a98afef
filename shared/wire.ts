/**
 * The wire between a tab and the worker.
 *
 * A tab connects by posting `hello` with a port to the active worker: that call starts a worker that was ended,
 * always. Everything else goes over the port, except what must also wake the worker (`awake`, `hand-over`).
 * The worker answers with `welcome` and the name of a Web Lock it holds for as long as it lives; when the tab is
 * granted that lock, the worker is gone, and the tab says hello again.
 *
 * Page and worker may come from different builds. Only `hello`, `mismatch` and `hand-over` are understood whatever
 * `wireProtocol` is: they never change, so that nothing a page holds is lost when the two do not fit.
 */
import type { RemoveRequest, RenameRequest, RetireRequest } from "./devices.ts";
import type { ErrorData } from "./errors.ts";
import type { ReplicaId } from "./keys.ts";
import type { PresenceNews } from "./presence.ts";
import type { ConnectionCommand, ConnectionEvent } from "./peer-wire.ts";
import type { Status } from "./status.ts";

/** Raised whenever either side could misread the other. Both check it. */
export const wireProtocol = 4;

/** Of the `hand-over` message; a worker takes this one for ever. */
export const handOverVersion = 1;

/** Names one user's data on this device; a tab's Repo belongs to one of these and never to another. */
export type UserId = string;

/** Some changes of one document, and the heads it has with them. */
export interface Changes {
  readonly documentId: string;
  readonly bytes: Uint8Array;
  readonly heads: readonly string[];
}

/** To the active worker itself: each of these starts it when it was ended. */
export type ToWorker =
  | {
      readonly type: "hello";
      readonly protocol: number;
      readonly build: string;
      readonly tab: string;
      /** The tab Repo's peer id. */
      readonly peerId: string;
      /** Where the service is, or null. */
      readonly service: string | null;
    }
  /**
   * Nothing to say: an event keeps the worker alive, for as long as somebody in it says that he has not ended, and then
   * for another 30 s. Traffic on a port does not.
   */
  | { readonly type: "awake" }
  /**
   * What a closing tab, or one whose user is no longer the current one, or one that does not understand the worker, has
   * not seen acknowledged. Answered on its port, once it is on disk.
   */
  | {
      readonly type: "hand-over";
      readonly version: typeof handOverVersion;
      readonly user: UserId;
      readonly changes: readonly Changes[];
    };

/** The answer to a hand-over. */
export interface HandOverAnswer {
  readonly error: ErrorData | null;
}

/** What a user asks about devices and data that the service keeps. */
export type AccountRequest =
  /** Answers with `Device[]`. */
  | { readonly what: "devices" }
  | ({ readonly what: "rename" } & RenameRequest)
  | ({ readonly what: "retire" } & RetireRequest)
  /** Answers with a `RemoveAnswer`. */
  | ({ readonly what: "remove" } & RemoveRequest)
  /** Answers with a `Blob`. */
  | { readonly what: "export" };

export type Call =
  /** Makes sure the document exists, born as `birth` says, and is stored. Answers with nothing. */
  | { readonly name: "open"; readonly documentId: string; readonly birth: Uint8Array }
  /** Answers once these heads are on the device's disk. */
  | { readonly name: "stored"; readonly documentId: string; readonly heads: readonly string[] }
  /** Answers once the store has acknowledged these heads. */
  | { readonly name: "in-bucket"; readonly documentId: string; readonly heads: readonly string[] }
  /** Answers with what each of these documents holds, or null where it is not on this device. */
  | { readonly name: "peek"; readonly documentIds: readonly string[] }
  | { readonly name: "sign-in-key"; readonly secretKey: string }
  /**
   * Begins to sign in where the browser has to be sent, and return from to `returnTo`. Answers with the address to send
   * it to.
   */
  | { readonly name: "begin-sign-in"; readonly provider: string; readonly returnTo: string }
  /**
   * Has a link mailed that leads to `returnTo`. Answers with nothing once the mail is on its way; a call that is repeated
   * bears the same `request`.
   */
  | {
      readonly name: "ask-for-mail";
      readonly email: string;
      readonly returnTo: string;
      readonly request: string;
    }
  /** It is back, or a person has typed it: a one-time code. */
  | { readonly name: "finish-sign-in"; readonly code: string }
  | { readonly name: "sign-out"; readonly forget: boolean; readonly discardUnsaved: boolean }
  /** Answers with something, as `peek` and the next one do: an earlier worker, which does not know them, with nothing. */
  | { readonly name: "account"; readonly request: AccountRequest }
  /** Then the user is signed out, and this browser's copy is erased. */
  | { readonly name: "delete-everything"; readonly confirm: string };

export type TabToWorker =
  /** A message of the automerge-repo sync protocol. */
  | { readonly type: "sync"; readonly message: unknown }
  | ({ readonly type: "changes"; readonly seq: number } & Changes)
  | { readonly type: "call"; readonly id: number; readonly call: Call }
  | { readonly type: "context"; readonly online: boolean; readonly visible: boolean }
  /** What the page has loaded from its own origin: to be there offline. */
  | { readonly type: "loaded"; readonly urls: readonly string[] }
  /** Of the tab itself, for all who listen to the document. Who asks listens from then on. */
  | { readonly type: "presence"; readonly documentId: string; readonly news: PresenceNews }
  /** The tab listens to the document no more. */
  | { readonly type: "presence-end"; readonly documentId: string }
  /** Of the WebRTC connections that this tab holds; an earlier worker, which does not know of them, leaves it alone. */
  | { readonly type: "connection"; readonly event: ConnectionEvent }
  | { readonly type: "bye" };

/** What another tab has said of itself. Who it was is the worker's word, and not the tab's. */
export interface HeardPresence {
  readonly documentId: string;
  /** Null while nobody is signed in. */
  readonly replica: ReplicaId | null;
  readonly tab: string;
  readonly isSameBrowser: boolean;
  readonly news: PresenceNews;
}

export type WorkerToTab =
  | {
      readonly type: "welcome";
      readonly protocol: number;
      readonly build: string;
      /** The Web Lock this incarnation holds. */
      readonly lock: string;
      /** The worker Repo's peer id: new for each incarnation. */
      readonly peerId: string;
      readonly user: UserId;
      /** Users whose data has been merged into `user`'s: a Repo of one of these may go on. */
      readonly absorbed: readonly UserId[];
      readonly status: Status;
    }
  /** The two do not understand each other. */
  | { readonly type: "mismatch"; readonly protocol: number; readonly build: string }
  | { readonly type: "failed"; readonly error: ErrorData }
  | { readonly type: "sync"; readonly message: unknown }
  /** Another tab's, as it sent them. */
  | ({ readonly type: "changes" } & Changes)
  /** The changes of that number are on disk. */
  | { readonly type: "ack"; readonly seq: number }
  /** They build on changes the worker lacks; it has these heads. */
  | { readonly type: "gap"; readonly documentId: string; readonly heads: readonly string[] }
  | {
      readonly type: "result";
      readonly id: number;
      readonly error: ErrorData | null;
      /** What the call answers with; null where with nothing. */
      readonly value: unknown;
      /** This tab's session has ended: what was asked for is in force once the tab has connected anew. */
      readonly ended: boolean;
    }
  | { readonly type: "status"; readonly status: Status }
  /** Of somebody else in a document that this tab listens to. */
  | ({ readonly type: "presence" } & HeardPresence)
  /** Only to a tab that has said that it holds the browser's connections. */
  | { readonly type: "connection"; readonly command: ConnectionCommand }
  /** Another user is current: say hello again. */
  | { readonly type: "user-changed" };
