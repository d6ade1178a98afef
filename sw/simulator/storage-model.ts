/** The Repo's storage as a model: another database of the same device, with the same faults as its disk. */
import type { Chunk, StorageAdapterInterface, StorageKey } from "@automerge/automerge-repo/slim";
import type { Context } from "./context.ts";
import type { DiskHealth } from "./disk-model.ts";
import { isFull } from "./disk-model.ts";
import type { DurableMap } from "./durable-map.ts";
import type { Lane } from "./lane.ts";
import type { Life } from "./life.ts";

/** Below every name that occurs, so that a document's keys stand together. */
export const storageSeparator = "\u0000";

/**
 * The Repo draws the id of its storage with a generator that no seed reaches, and uses it for nothing that matters
 * here: it is there from the start.
 */
const storageId: readonly [string, Uint8Array] = [
  "storage-adapter-id",
  new TextEncoder().encode("00000000-0000-4000-8000-000000000000"),
];

export const initialStorage: readonly (readonly [string, Uint8Array])[] = [storageId];

function name(key: StorageKey): string {
  return key.join(storageSeparator);
}

export function createStorageModel(
  context: Context,
  life: Life,
  map: DurableMap,
  lane: Lane,
  health: DiskHealth,
): StorageAdapterInterface {
  const { values } = map;
  const below = (prefix: StorageKey): string[] => {
    const start = prefix.length === 0 ? "" : name(prefix) + storageSeparator;
    return [...values.keys()].filter((key) => key.startsWith(start));
  };
  const chunkOf = (key: string): Chunk => ({
    key: key.split(storageSeparator),
    data: (values.get(key) as Uint8Array).slice(),
  });
  const failNow = (): void => {
    if (context.faults.hits("disk failed")) throw new DOMException("it broke", "UnknownError");
  };
  return {
    load: (key) =>
      lane.call(life, "load", key.join("/"), () => {
        failNow();
        return { value: (values.get(name(key)) as Uint8Array | undefined)?.slice() };
      }),
    loadRange: (prefix) =>
      lane.call(life, "loadRange", prefix.join("/"), () => {
        failNow();
        return { value: below(prefix).map(chunkOf) };
      }),
    save(key, data) {
      const copy = data.slice();
      return lane.call(life, "save", `${key.join("/")} ${data.length}`, () => {
        failNow();
        if (isFull(context, health)) throw new DOMException("", "QuotaExceededError");
        return { value: undefined, answered: map.apply({ put: { [name(key)]: copy } }) };
      });
    },
    remove: (key) =>
      lane.call(life, "remove", key.join("/"), () => {
        failNow();
        return { value: undefined, answered: map.apply({ remove: [name(key)] }) };
      }),
    removeRange: (prefix) =>
      lane.call(life, "removeRange", prefix.join("/"), () => {
        failNow();
        return { value: undefined, answered: map.apply({ remove: below(prefix) }) };
      }),
  };
}
