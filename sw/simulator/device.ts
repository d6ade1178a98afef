/**
 * A device: what outlives its incarnations. It has two users, as a browser has: the one who signs in, and whoever works
 * signed out; each with a disk for the engine and a storage for the Repo.
 */
import type { Context } from "./context.ts";
import type { DeviceClock } from "./device-clock.ts";
import type { DiskHealth } from "./disk-model.ts";
import type { DurableMap } from "./durable-map.ts";
import { createDurableMap } from "./durable-map.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Lane } from "./lane.ts";
import { createLane } from "./lane.ts";
import type { Life } from "./life.ts";
import type { LockTable } from "./locks-model.ts";
import { createLockTable } from "./locks-model.ts";
import type { Edit } from "./observed.ts";
import type { SimulatedGrant } from "./signer-model.ts";
import { initialStorage } from "./storage-model.ts";

/** One user's databases. */
export interface Profile {
  readonly disk: DurableMap;
  readonly storage: DurableMap;
  readonly diskLane: Lane;
  readonly storageLane: Lane;
  /** What was acknowledged as stored here, and so must be here. */
  readonly stored: Set<Edit>;
}

/** What the worker's registry remembers; small, and written whole. */
export interface Registry {
  isSignedIn: boolean;
  grant: SimulatedGrant | null;
  /** The service does not know the session any more. */
  isRevoked: boolean;
  /** What was made signed out is being brought into the user's databases. */
  isClaimed: boolean;
}

export interface Device {
  readonly name: string;
  /** What the one it was copied from had asked, it remembers as well. */
  readonly ancestors: readonly string[];
  readonly clock: DeviceClock;
  readonly locks: LockTable;
  readonly health: DiskHealth;
  readonly user: Profile;
  readonly signedOut: Profile;
  readonly registry: Registry;
  isOnline: boolean;
  /** Whether a tab shows it, and until when somebody works on it. */
  isVisible: boolean;
  sessionUntil: number;
  /** Gone for ever. */
  isGone: boolean;
  /** A copy of another, or one that was copied: until it is alone with its id again. */
  isClone: boolean;
  lives: number;
  /** The incarnations that run; the newest last. */
  readonly running: Incarnation[];
  /** Those that are starting. */
  readonly starting: Set<Life>;
}

function createProfile(context: Context, label: string, from?: Profile): Profile {
  return {
    disk: from?.disk.copy() ?? createDurableMap(),
    storage: from?.storage.copy() ?? createDurableMap(initialStorage),
    diskLane: createLane(context, `${label} disk`),
    storageLane: createLane(context, `${label} repo`),
    stored: new Set(from?.stored),
  };
}

export function createDevice(
  context: Context,
  name: string,
  clock: DeviceClock,
  from?: Device,
): Device {
  return {
    name,
    ancestors: from === undefined ? [] : [from.name, ...from.ancestors],
    clock,
    locks: createLockTable(context),
    health: { fullUntil: 0 },
    user: createProfile(context, `${name} user`, from?.user),
    signedOut: createProfile(context, `${name} guest`, from?.signedOut),
    registry:
      from === undefined
        ? { isSignedIn: false, grant: null, isRevoked: false, isClaimed: false }
        : { ...from.registry },
    isOnline: true,
    isVisible: false,
    sessionUntil: 0,
    isGone: false,
    isClone: from !== undefined,
    lives: 0,
    running: [],
    starting: new Set(),
  };
}

/** Whose databases are in use. */
export function currentProfile(device: Device): Profile {
  return device.registry.isSignedIn ? device.user : device.signedOut;
}

/** All databases are empty, as after the browser has cleared them. */
export function evict(device: Device): void {
  for (const { disk, storage, stored } of [device.user, device.signedOut]) {
    disk.clear();
    storage.clear();
    storage.apply({ put: Object.fromEntries(initialStorage) })();
    stored.clear();
  }
  Object.assign(device.registry, {
    isSignedIn: false,
    grant: null,
    isRevoked: false,
    isClaimed: false,
  });
}

/** What the disks have answered is there; of what they were doing some of the last is not. */
export function cutPower({ random, counters }: Context, device: Device): void {
  for (const { disk, storage } of [device.user, device.signedOut])
    for (const map of [disk, storage]) {
      const count = random.int(map.unsafe + 1);
      if (count > 0) counters.count("cut a disk's last transactions");
      map.cut(count);
    }
}
