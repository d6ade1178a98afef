/** What the service says of a user's devices, and of all that it keeps of a user. */
import type { Namespace, ReplicaId } from "./keys.ts";

/** `retired`: it writes no more, and is there to be taken over by the others and then removed. */
export type DeviceState = "active" | "retired";

/** Times are milliseconds since 1970, by the store's clock. */
export interface Device {
  readonly replica: ReplicaId;
  /** As the user calls it; null where nobody has named it. */
  readonly name: string | null;
  readonly state: DeviceState;
  /** Null where it is not known: it was before the service kept it. */
  readonly signedInAt: number | null;
  /** Null where it has nothing in the bucket. */
  readonly lastWrittenAt: number | null;
  /** What it has in the bucket. */
  readonly bytes: number;
  readonly objects: number;
  /** Signed URLs that it was given may be good until then, retired or not. */
  readonly mayWriteUntil: number;
}

/** `GET /v1/devices`. */
export interface DevicesAnswer {
  /** Most recently signed in first. */
  readonly devices: readonly Device[];
}

/** A name has at most so many UTF-16 code units. */
export const deviceNameLengthMax = 64;

/** `POST /v1/devices/rename`; an empty name is none. */
export interface RenameRequest {
  readonly replica: string;
  readonly name: string;
}

/** `POST /v1/devices/retire`. */
export interface RetireRequest {
  readonly replica: string;
}

/** `POST /v1/devices/remove`. */
export interface RemoveRequest {
  readonly replica: string;
  /** Although no other device has taken over what it has in the bucket. */
  readonly discardUnsaved?: boolean;
}

/** What was removed with it. */
export interface RemoveAnswer {
  readonly objects: number;
  readonly bytes: number;
}

/** `POST /v1/everything/delete`. */
export interface DeleteEverythingRequest {
  /** The user's namespace, letter by letter. */
  readonly confirm: string;
  /**
   * At first all other sign-ins end, and the objects are deleted. With this, some seconds later, what other devices have
   * written before they noticed goes as well, and everything that the service keeps, this sign-in included.
   */
  readonly finish: boolean;
}

export interface DeleteEverythingAnswer {
  /** False where there was too much for one call: the same is to be asked again. */
  readonly done: boolean;
}

export interface ExportedObject {
  /** Below the namespace: `<replica>/manifest`. */
  readonly name: string;
  readonly bytes: number;
  readonly lastModified: number;
  /** For reading it, for a few minutes: a secret. */
  readonly url: string;
}

/** `POST /v1/everything/export`: from the beginning, or from after an object of the answer before. */
export interface ExportRequest {
  readonly after?: string;
}

export interface ExportAnswer {
  readonly namespace: Namespace;
  readonly exportedAt: number;
  readonly devices: readonly Device[];
  /** In the order of their keys. */
  readonly objects: readonly ExportedObject[];
  /** Whether there are more after the last one. */
  readonly more: boolean;
}
