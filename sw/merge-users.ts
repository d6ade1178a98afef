/**
 * Brings one user's documents into another's database: what was made signed out, when its maker signs in. Chunks
 * keep their keys, which name their content, so doing it twice is doing it once; each document is marked dirty
 * before its first chunk is copied, so it is published whatever happens next.
 */
import type { UserId } from "../shared/wire.ts";
import type { Databases } from "./databases.ts";
import { DocumentStorage } from "./document-storage.ts";
import { dirtyKey } from "./engine/dirty-set.ts";
import { openIndexedDbDisk } from "./world/indexeddb-disk.ts";

export async function mergeUsers(databases: Databases, from: UserId, into: UserId): Promise<void> {
  const source = new DocumentStorage(databases.documents(from));
  const target = new DocumentStorage(databases.documents(into));
  const disk = openIndexedDbDisk(databases.engine(into));
  try {
    const marked = new Set<string>();
    for (const { key, data } of await source.loadRange([])) {
      const [documentId, kind] = key;
      if (documentId === undefined || data === undefined) continue;
      if (kind !== "snapshot" && kind !== "incremental") continue;
      if (!marked.has(documentId)) {
        marked.add(documentId);
        await disk.commit({ put: { [dirtyKey(documentId)]: true } });
      }
      await target.save(key, data);
    }
  } finally {
    source.close();
    target.close();
    disk.close();
  }
}
