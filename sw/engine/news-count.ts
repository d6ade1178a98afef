/** How much the bucket lacks, for the status. A document is measured again only when it has changed. */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { Status } from "../../shared/status.ts";
import type { DirtySet } from "./dirty-set.ts";
import type { Documents } from "./documents.ts";
import { headsOf, measureNews } from "./documents.ts";
import type { Frontier } from "./frontier.ts";

export function createNewsCount(
  dirty: DirtySet,
  documents: Documents,
  frontier: Frontier,
): () => Status["pending"] {
  const measured = new Map<DocumentId, { state: string; changes: number; bytes: number }>();

  return () => {
    let [count, changes, bytes] = [0, 0, 0];
    for (const id of dirty.ids()) {
      const handle = documents.loaded(id);
      const known = frontier.remembered(id);
      if (handle === undefined || known === undefined) {
        // What it holds is not known before it is looked at: taken for something.
        count++;
        continue;
      }
      const state = `${headsOf(handle).join()} ${known.join()}`;
      const before = measured.get(id);
      const news =
        before?.state === state ? before : { state, ...measureNews(handle.doc(), known) };
      measured.set(id, news);
      // What others published is marked dirty too, until it turns out that the bucket has it.
      if (news.changes > 0) count++;
      changes += news.changes;
      bytes += news.bytes;
    }
    for (const id of measured.keys()) if (!dirty.has(id)) measured.delete(id);
    return { documents: count, changes, bytes };
  };
}
