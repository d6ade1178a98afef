/**
 * What may happen once: the first one to make an object of its name has it, of however many instances. It rests on the
 * store refusing `If-None-Match: *` where there is an object, which not all do: that is tried before it is relied on.
 */
import { PresyncError } from "../shared/errors.ts";
import type { CheckedConfig } from "./config.ts";
import type { StoreClient } from "./store-client.ts";

const recordVersion = 1;
const probeKey = "@service/used/probe";

export interface SingleUse {
  /** Whether this is the first time; `day` is when it was given out, whenever it is used. */
  claim(day: string, id: string): Promise<boolean>;
  isClaimed(day: string, id: string): Promise<boolean>;
  /** Throws `denied` where the store cannot say what is first. */
  check(): Promise<void>;
}

export function createSingleUse(
  store: StoreClient,
  config: Pick<CheckedConfig, "now" | "log">,
): SingleUse {
  let isKept: boolean | undefined;
  const record = (): string => JSON.stringify({ version: recordVersion, at: config.now() });
  // By day, so that an operator can clear away old ones.
  const keyOf = (day: string, id: string): string => `@service/used/${day}/${id}`;

  return {
    claim: (day, id) => store.create(keyOf(day, id), record()),
    isClaimed: async (day, id) => (await store.get(keyOf(day, id))) !== null,
    async check() {
      if (isKept === undefined) {
        await store.create(probeKey, record());
        isKept = !(await store.create(probeKey, record()));
        if (!isKept) config.log({ level: "error", event: "store-lacks-create-if-absent" });
      }
      if (!isKept) throw new PresyncError("denied", "the object store has no create-if-absent");
    },
  };
}

/** As it stands in keys: 2026-01-31, in UTC. */
export function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
