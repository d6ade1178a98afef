/** A Repo's storage in memory that finds a document's chunks without looking at those of all the others. */
import type { Chunk, StorageAdapterInterface, StorageKey } from "@automerge/automerge-repo/slim";

const separator = "\u0000";

export interface DeviceStorage extends StorageAdapterInterface {
  /** How many documents have something in storage, and how many bytes that is. */
  size(): { readonly documents: number; readonly bytes: number };
}

export function createDeviceStorage(): DeviceStorage {
  const documents = new Map<string, Map<string, Uint8Array>>();

  const below = (prefix: StorageKey): [chunks: Map<string, Uint8Array>, keys: string[]] => {
    const chunks = documents.get(prefix[0] ?? "") ?? new Map<string, Uint8Array>();
    const start = prefix.join(separator) + separator;
    return [chunks, [...chunks.keys()].filter((key) => key.startsWith(start))];
  };

  return {
    load: async (key) => documents.get(key[0] ?? "")?.get(key.join(separator)),
    async save(key, data) {
      const id = key[0] ?? "";
      const chunks = documents.get(id) ?? new Map<string, Uint8Array>();
      documents.set(id, chunks.set(key.join(separator), data.slice()));
    },
    async remove(key) {
      documents.get(key[0] ?? "")?.delete(key.join(separator));
    },
    async loadRange(prefix): Promise<Chunk[]> {
      const [chunks, keys] = below(prefix);
      return keys.map((key) => ({ key: key.split(separator), data: chunks.get(key) }));
    },
    async removeRange(prefix) {
      const [chunks, keys] = below(prefix);
      for (const key of keys) chunks.delete(key);
    },
    size() {
      let bytes = 0;
      for (const chunks of documents.values())
        for (const chunk of chunks.values()) bytes += chunk.length;
      return { documents: documents.size, bytes };
    },
  };
}
