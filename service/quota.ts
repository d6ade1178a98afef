/**
 * What a user may have in the bucket. It is checked when a grant is given: whoever is over it gets URLs to read, and none
 * to write. URLs that are out stay good, so a user can be over the quota by what fits into the life of a grant.
 */
import type { Namespace } from "../shared/keys.ts";
import type { UsageCounter } from "./usage.ts";

export interface Quota {
  readonly bytes?: number | undefined;
  readonly objects?: number | undefined;
  /** Devices that may write: the first ones that signed in and are not retired. The others read. */
  readonly replicas?: number | undefined;
}

export type QuotaName = keyof Quota;

/** Which of the quotas the replica of that rank is over; undefined where none. */
export async function exceededQuota(
  quota: Quota,
  usage: UsageCounter,
  namespace: Namespace,
  rank: number,
): Promise<QuotaName | undefined> {
  if (quota.replicas !== undefined && rank >= quota.replicas) return "replicas";
  // Without a limit nothing is counted.
  if (quota.bytes === undefined && quota.objects === undefined) return undefined;
  const { bytes, objects, isBeyondCount } = await usage.recent(namespace);
  if (isBeyondCount || objects >= (quota.objects ?? Infinity)) return "objects";
  return bytes >= (quota.bytes ?? Infinity) ? "bytes" : undefined;
}
