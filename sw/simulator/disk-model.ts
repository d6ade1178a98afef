/** The engine's disk as a model: a durable map behind a lane, which may be full or fail. */
import { PresyncError } from "../../shared/errors.ts";
import type { Batch, Disk } from "../engine/world.ts";
import type { Context } from "./context.ts";
import type { DurableMap } from "./durable-map.ts";
import type { Lane } from "./lane.ts";
import type { Life } from "./life.ts";

export interface DiskModel extends Disk {
  /** The keys below a prefix, in order. */
  keys(prefix: string): Promise<string[]>;
}

/** Until when a full disk stays full. */
export interface DiskHealth {
  fullUntil: number;
}

const fullMsMax = 20 * 60_000;

export function createDiskModel(
  context: Context,
  life: Life,
  map: DurableMap,
  lane: Lane,
  health: DiskHealth,
): DiskModel {
  const { values } = map;
  const below = (prefix: string): string[] =>
    [...values.keys()].filter((key) => key.startsWith(prefix)).toSorted(byCodeUnit);
  return {
    read: (key) =>
      lane.call(life, "read", key, () => {
        failNow(context);
        return { value: structuredClone(values.get(key)) };
      }),
    list: (prefix) =>
      lane.call(life, "list", prefix, () => {
        failNow(context);
        const value = below(prefix).map((key): [string, unknown] => [
          key,
          structuredClone(values.get(key)),
        ]);
        return { value };
      }),
    keys: (prefix) =>
      lane.call(life, "keys", prefix, () => {
        failNow(context);
        return { value: below(prefix) };
      }),
    commit({ put = {}, remove = [], guard }: Batch) {
      const copy = structuredClone(put);
      const detail = [...Object.keys(put), ...remove.map((key) => `-${key}`)].join(" ");
      return lane.call(life, "commit", detail, () => {
        failNow(context);
        if (Object.keys(put).length > 0 && isFull(context, health))
          throw new PresyncError("disk-full", "the device's disk is full");
        if (guard !== undefined && values.get(guard.key) !== guard.value)
          throw new PresyncError("superseded", "a later incarnation has started");
        return { value: undefined, answered: map.apply({ put: copy, remove }) };
      });
    },
    close() {},
  };
}

export function isFull(context: Context, health: DiskHealth): boolean {
  const { faults, scheduler, random } = context;
  if (faults.healed) return false;
  if (faults.hits("disk full")) health.fullUntil = scheduler.now + random.between(1, fullMsMax);
  return scheduler.now < health.fullUntil;
}

function failNow({ faults }: Context): void {
  if (faults.hits("disk failed")) throw new PresyncError("disk-failed", "the device's disk failed");
}

function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : 1;
}
