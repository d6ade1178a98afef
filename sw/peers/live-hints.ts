/** When polling may relax: only while hints are known to come. */
import type { ReplicaId } from "../../shared/keys.ts";

/** Who was silent for longer is polled once a minute at most anyway (an eighth of the silence). */
const livelyMs: number = 8 * 60 * 1000;

export interface HintSources {
  /** The service's stream is open, and its heartbeats come. */
  readonly service: boolean;
  /** The replicas that a channel is open to, which answers. */
  readonly channels: ReadonlySet<ReplicaId>;
  readonly peers: readonly { readonly replica: ReplicaId; readonly lastChangeAt: number }[];
  readonly now: number;
}

/** Whether somebody will tell of every change that polling would otherwise find within the minute. */
export function areHintsLive({ service, channels, peers, now }: HintSources): boolean {
  if (service) return true;
  if (channels.size === 0) return false;
  return peers.every(
    ({ replica, lastChangeAt }) => channels.has(replica) || now - lastChangeAt > livelyMs,
  );
}
