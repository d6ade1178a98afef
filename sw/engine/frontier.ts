/**
 * The frontier: for each document what is known to be in the bucket, as the heads of each replica's newest
 * publication. Only our own acknowledged manifest and objects read from the bucket move it: what a tab or
 * another network brought may exist on this device alone.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { ReplicaId } from "../../shared/keys.ts";
import type { ReplicaDisk } from "./replica-disk.ts";

export const frontierPrefix = "frontier/";

export type Heads = readonly string[];

export interface FrontierMove {
  readonly id: DocumentId;
  readonly replica: ReplicaId;
  readonly heads: Heads;
}

export interface Frontier {
  /** Every head known to be in the bucket; a document may lack some of them until the inbox is applied. */
  known(id: DocumentId): Heads;
  /** What to write, in the transaction that makes the moves true. */
  toPut(moves: readonly FrontierMove[]): Record<string, unknown>;
  /** Call it when that transaction has committed. */
  apply(moves: readonly FrontierMove[]): void;
}

export async function openFrontier(disk: ReplicaDisk): Promise<Frontier> {
  const entries = new Map<DocumentId, Readonly<Record<string, Heads>>>();
  for (const [key, value] of await disk.list(frontierPrefix))
    entries.set(key.slice(frontierPrefix.length) as DocumentId, value as Record<string, Heads>);

  const moved = (moves: readonly FrontierMove[]): Map<DocumentId, Record<string, Heads>> => {
    const result = new Map<DocumentId, Record<string, Heads>>();
    for (const { id, replica, heads } of moves)
      result.set(id, { ...(result.get(id) ?? entries.get(id)), [replica]: heads });
    return result;
  };

  return {
    known: (id) => [...new Set(Object.values(entries.get(id) ?? {}).flat())],
    toPut: (moves) =>
      Object.fromEntries([...moved(moves)].map(([id, entry]) => [frontierPrefix + id, entry])),
    apply(moves) {
      for (const [id, entry] of moved(moves)) entries.set(id, entry);
    },
  };
}
