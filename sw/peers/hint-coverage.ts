/** When the budget for polling may shrink: only while hints are known to come from everybody. */
import type { ReplicaId } from "../../shared/keys.ts";

export interface HintSources {
  /** The service's stream is open, and its heartbeats come. */
  readonly service: boolean;
  /** The replicas that a channel is open to, which answers. */
  readonly channels: ReadonlySet<ReplicaId>;
  /** All that may write to the bucket, but for this one. */
  readonly active: readonly ReplicaId[];
}

/** Whether somebody will tell of every change that anybody in sight of the service, or of a channel, makes. */
export function areHintsLive({ service, channels, active }: HintSources): boolean {
  return service || (active.length > 0 && active.every((replica) => channels.has(replica)));
}
