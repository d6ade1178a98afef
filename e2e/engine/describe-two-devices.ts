/**
 * The random runs of two devices on one store. `PRESYNC_RUN_COUNT` asks for that many seeds instead of a few, and
 * `PRESYNC_RUN_SEED` for the one that failed, or for the first of those.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StoreUnderTest } from "./two-devices.ts";
import { runTwoDevices } from "./two-devices.ts";

/** The next few from here are those that most often noticed bugs planted in the engine. */
const firstSeed = 6;

/** A run is stuck long before; it then says where. */
const runMsMax = 600_000;

export interface TwoDevicesTarget {
  readonly name: string;
  /** How many seeds are run unless told otherwise. */
  readonly runs: number;
  readonly startTimeoutMs?: number;
  readonly start: () => Promise<StoreUnderTest>;
}

export function describeTwoDevices({ name, runs, startTimeoutMs, start }: TwoDevicesTarget): void {
  const seed = process.env["PRESYNC_RUN_SEED"];
  const first = Number(seed ?? firstSeed);
  const count = Number(process.env["PRESYNC_RUN_COUNT"] ?? (seed === undefined ? runs : 1));

  describe(`two devices on ${name}`, () => {
    let store: StoreUnderTest;
    beforeAll(async () => {
      store = await start();
    }, startTimeoutMs);
    afterAll(() => store?.close(), startTimeoutMs);

    for (let index = 0; index < count; index++)
      test(`seed ${first + index}`, { timeout: runMsMax }, async () => {
        const counts = await runTwoDevices(store, first + index);
        expect(counts.edits).toBeGreaterThan(0);
        console.info(`${name}, seed ${first + index}: ${JSON.stringify(counts)}`);
      });
  });
}
