/** What `import … from "presync"` gives. */
export { connect } from "./client/connect.ts";
export type { ConnectOptions, Presync } from "./client/connect.ts";
export type { Devices } from "./client/account.ts";
export type { Device, RemoveAnswer } from "../shared/devices.ts";
export type { Presence } from "./client/presence.ts";
export type { Other } from "./client/presence-room.ts";
export type { Subscribable } from "./client/subscribable.ts";
export { PresyncError } from "../shared/errors.ts";
export type { ErrorCode } from "../shared/errors.ts";
export type { PeerStatus, Problem, Status } from "../shared/status.ts";
export type { Namespace, ReplicaId } from "../shared/keys.ts";
/**
 * The Automerge that the page's documents live in: for `updateText`, `splice`, `mark`, `Counter`, … A second copy
 * would have a wasm memory of its own, and could not touch them.
 */
export * as Automerge from "@automerge/automerge/slim";
export type { AutomergeUrl, DocHandle, DocumentId, Repo } from "@automerge/automerge-repo/slim";
