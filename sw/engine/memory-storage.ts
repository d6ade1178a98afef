/** A Repo's storage in memory, for tests. It outlives the Repo, as a disk does. */
import type { Chunk, StorageAdapterInterface, StorageKey } from "@automerge/automerge-repo/slim";

const separator = "\u0000";

export function createMemoryStorage(
  chunks: Map<string, Uint8Array> = new Map(),
): StorageAdapterInterface & { readonly chunks: Map<string, Uint8Array> } {
  const below = (prefix: StorageKey): string[] => {
    const start = prefix.join(separator) + separator;
    return [...chunks.keys()].filter((key) => key.startsWith(start));
  };
  return {
    chunks,
    load: async (key) => chunks.get(key.join(separator)),
    async save(key, data) {
      chunks.set(key.join(separator), data.slice());
    },
    async remove(key) {
      chunks.delete(key.join(separator));
    },
    loadRange: async (prefix): Promise<Chunk[]> =>
      below(prefix).map((key) => ({ key: key.split(separator), data: chunks.get(key) })),
    async removeRange(prefix) {
      for (const key of below(prefix)) chunks.delete(key);
    },
  };
}
