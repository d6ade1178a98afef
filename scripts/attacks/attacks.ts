/**
 * The attacks that `docs/security.md` says are stopped, as tests: the same ones against the service on the embedded store
 * and on Ceph, because what stops many of them is the store.
 */
import { afterAll, beforeAll, beforeEach, describe } from "vitest";
import type { StoreConfig } from "../../service/config.ts";
import { attackGrants } from "./on-grants.ts";
import { attackHints } from "./on-hints.ts";
import { attackMail } from "./on-mail.ts";
import { attackRequests } from "./on-requests.ts";
import { attackSessions } from "./on-sessions.ts";
import { attackSignIns } from "./on-sign-ins.ts";
import type { AttackWorld } from "./world.ts";
import { startAttackWorld } from "./world.ts";

export interface AttackedStore {
  readonly config: Required<StoreConfig>;
  close(): Promise<void>;
}

export interface AttackOptions {
  readonly name: string;
  start(): Promise<AttackedStore>;
  /** How long `start` and `close` may take. */
  readonly startTimeoutMs?: number;
}

export function describeAttacks(options: AttackOptions): void {
  const { name, startTimeoutMs = 20_000 } = options;
  describe(`attacks on ${name}`, () => {
    let store: AttackedStore | undefined;
    let world: AttackWorld | undefined;
    const getWorld = (): AttackWorld => {
      if (world === undefined) throw new Error("the service has not been started");
      return world;
    };
    beforeAll(async () => {
      store = await options.start();
      world = await startAttackWorld(store.config);
    }, startTimeoutMs);
    afterAll(async () => {
      await world?.close();
      await store?.close();
    }, startTimeoutMs);
    beforeEach(() => {
      getWorld().clock.movedMs = 0;
    });
    attackGrants(getWorld);
    attackSessions(getWorld);
    attackSignIns(getWorld);
    attackMail(getWorld);
    attackRequests(getWorld);
    attackHints(getWorld);
  });
}
