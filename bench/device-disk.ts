/** An engine's disk in memory that finds what belongs to one document without looking at all the others, as IndexedDB does. */
import type { Batch, Disk } from "../sw/engine/world.ts";
import { PresyncError } from "../shared/errors.ts";

type Entry = [key: string, value: unknown];

export function createDeviceDisk(): Disk {
  const groups = new Map<string, Map<string, unknown>>();

  const below = (prefix: string): Entry[] => {
    const isOfOne = prefix.split("/").length > 2;
    const names = isOfOne
      ? [groupOf(prefix)]
      : [...groups.keys()].filter((name) => name.startsWith(prefix));
    return names
      .flatMap((name) => [...(groups.get(name) ?? [])])
      .filter(([key]) => key.startsWith(prefix))
      .toSorted(([a], [b]) => (a < b ? -1 : 1));
  };

  return {
    read: async (key) => groups.get(groupOf(key))?.get(key),
    list: async (prefix) => below(prefix),
    keys: async (prefix) => below(prefix).map(([key]) => key),
    async commit({ put = {}, remove = [], guard }: Batch) {
      if (guard !== undefined && groups.get(groupOf(guard.key))?.get(guard.key) !== guard.value)
        throw new PresyncError("superseded", "a later incarnation has started");
      for (const key of remove) groups.get(groupOf(key))?.delete(key);
      for (const [key, value] of Object.entries(put)) {
        const name = groupOf(key);
        groups.set(name, (groups.get(name) ?? new Map<string, unknown>()).set(key, value));
      }
    },
    close() {},
  };
}

/** The first two parts of a key: a kind and a document. */
function groupOf(key: string): string {
  return key.split("/", 2).join("/");
}
