/** The truth about a user's work, as a page shows it. */
import type { ErrorCode } from "./errors.ts";
import type { Namespace, ReplicaId } from "./keys.ts";

export interface Problem {
  readonly code: ErrorCode;
  /** When it was first seen, in milliseconds since 1970. */
  readonly since: number;
  /** The object key or document it is about. */
  readonly key?: string;
}

export interface PeerSeen {
  readonly replica: ReplicaId;
  /** When its manifest was last read, and when it last changed; milliseconds since 1970. */
  readonly lastSeenAt: number;
  readonly lastChangeAt: number;
}

export interface PeerStatus extends PeerSeen {
  /** Whether a WebRTC channel to it is open: changes come at once, before they are in the bucket. */
  readonly channel: boolean;
}

export interface Status {
  /** This device's disk: `saved` once IndexedDB has committed everything every tab has handed over. */
  readonly device: "saved" | "saving" | "failing";
  /** The object store: `saved` only after it answered 2xx for the current heads of every document. */
  readonly bucket: "saved" | "saving" | "waiting" | "failing" | "off";
  /** What the store has not acknowledged yet. */
  readonly pending: {
    readonly documents: number;
    readonly changes: number;
    readonly bytes: number;
  };
  /** When the store last acknowledged something of ours; milliseconds since 1970. */
  readonly lastSavedAt: number | null;
  readonly auth: "none" | "valid" | "expiring" | "expired" | "revoked";
  readonly grantExpiresAt: number | null;
  /**
   * How far this device's clock is ahead of what store and service say, in milliseconds; less than 0 where it is behind, 0
   * where they agree within five minutes. `grantExpiresAt` is by their clocks.
   */
  readonly clockAheadMs: number;
  /** Who is signed in, or null. */
  readonly user: { readonly namespace: Namespace; readonly replica: ReplicaId | null } | null;
  readonly network: "online" | "offline";
  /**
   * Whether others' changes are told of: `live` once that has proved to work, so that polling can rest. `off` while no tab is
   * in view, and where there is no service that does it. Nothing but speed depends on it.
   */
  readonly hints: "off" | "connecting" | "live";
  readonly peers: readonly PeerStatus[];
  readonly storage: {
    readonly persisted: boolean;
    readonly usage: number | null;
    readonly quota: number | null;
  };
  readonly update: "none" | "available" | "required";
  readonly problems: readonly Problem[];
}
