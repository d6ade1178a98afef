/**
 * The frontier: for each document what is known to be in the bucket, as the heads of each replica's newest
 * publication. Only our own acknowledged manifest and objects read from the bucket move it: what a tab or
 * another network brought may exist on this device alone.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { ReplicaId } from "../../shared/keys.ts";
import type { ReplicaDisk } from "./replica-disk.ts";

/** `frontier/<document>/<replica>`. */
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
  /** The documents of which this replica has published something. */
  publishedBy(replica: ReplicaId): DocumentId[];
  /** What to write, in the transaction that makes the moves true. */
  toPut(moves: readonly FrontierMove[]): Record<string, unknown>;
  /** Call it when that transaction has committed. */
  apply(moves: readonly FrontierMove[]): void;
}

export async function openFrontier(disk: ReplicaDisk): Promise<Frontier> {
  const entries = new Map<DocumentId, Map<ReplicaId, Heads>>();

  const set = ({ id, replica, heads }: FrontierMove): void => {
    const entry = entries.get(id) ?? new Map<ReplicaId, Heads>();
    entries.set(id, entry.set(replica, heads));
  };
  for (const [key, heads] of await disk.list(frontierPrefix)) {
    const [, id, replica] = key.split("/");
    set({ id: id as DocumentId, replica: replica as ReplicaId, heads: heads as Heads });
  }

  return {
    known: (id) => [...new Set([...(entries.get(id)?.values() ?? [])].flat())],
    publishedBy: (replica) =>
      [...entries].filter(([, entry]) => (entry.get(replica) ?? []).length > 0).map(([id]) => id),
    toPut: (moves) =>
      Object.fromEntries(
        moves.map(({ id, replica, heads }) => [`${frontierPrefix}${id}/${replica}`, heads]),
      ),
    apply(moves) {
      for (const move of moves) set(move);
    },
  };
}
