/** What `import … from "presync"` gives. */
export { connect } from "./client/connect.ts";
export type { ConnectOptions, Presync } from "./client/connect.ts";
export type { Subscribable } from "./client/subscribable.ts";
export { PresyncError } from "../shared/errors.ts";
export type { ErrorCode } from "../shared/errors.ts";
export type { PeerStatus, Problem, Status } from "../shared/status.ts";
export type { Namespace, ReplicaId } from "../shared/keys.ts";
