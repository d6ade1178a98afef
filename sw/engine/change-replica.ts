/**
 * Continues a database under another replica id: after fleeing from an id that somebody else writes under (a
 * cloned or restored profile), or when a user's bucket has become another one. What was known of the bucket is
 * forgotten, and every document it was known for is published anew; nothing is overwritten.
 */
import type { ReplicaId } from "../../shared/keys.ts";
import { dirtyKey } from "./dirty-set.ts";
import { frontierPrefix, revokedPrefix } from "./frontier.ts";
import { cursorPrefix } from "./peer-records.ts";
import { polledKey } from "./poller.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import { journalKey, stateKey } from "./replica-state.ts";

const replicaKey = "replica";

interface ReplicaRecord {
  readonly id: ReplicaId;
  readonly fledFrom: readonly ReplicaId[];
}

/** Returns the ids this database was known by before. */
export async function changeReplica(
  disk: ReplicaDisk,
  replica: ReplicaId | null,
): Promise<readonly ReplicaId[]> {
  const before = (await disk.read(replicaKey)) as ReplicaRecord | undefined;
  if (replica === null || before?.id === replica) return before?.fledFrom ?? [];
  const record: ReplicaRecord = {
    id: replica,
    fledFrom: before === undefined ? [] : [...before.fledFrom, before.id],
  };
  const frontier = await disk.keys(frontierPrefix);
  const cursors = await disk.keys(cursorPrefix);
  const ids = frontier.map((key) => key.split("/")[1] ?? "");
  // What was published under the id before may be written over by the one who has it now.
  const marks = ids.flatMap((id) => [
    [dirtyKey(id), true],
    [revokedPrefix + id, true],
  ]);
  await disk.commit({
    put: { ...Object.fromEntries(marks), [replicaKey]: record },
    remove: [...frontier, ...cursors, stateKey, journalKey, polledKey],
  });
  return record.fledFrom;
}
