/** A user's devices: which there are, what they are called, and how one of them ends. */
import type { Device, RemoveAnswer } from "../shared/devices.ts";
import { deviceNameLengthMax } from "../shared/devices.ts";
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import { manifestName, objectKey } from "../shared/keys.ts";
import type { Adoptions } from "./adopted.ts";
import type { CheckedConfig } from "./config.ts";
import type { MarkStore } from "./device-marks.ts";
import type { Registry, RegisteredDevice } from "./registry.ts";
import type { Member, Sessions } from "./session.ts";
import type { StoreClient } from "./store-client.ts";
import { deleteBelow } from "./store-client.ts";
import type { ReplicaUsage, Usage, UsageCounter } from "./usage.ts";
import { nothingUsed } from "./usage.ts";

/** A registration is written once a day: the last grant may be so much younger. */
const registrationMsMax = 86_400_000;

const readsAtOnce = 16;

export interface Devices {
  list(member: Member): Promise<readonly Device[]>;
  /** The same, with what was counted for it. */
  survey(
    namespace: Namespace,
  ): Promise<{ readonly devices: readonly Device[]; readonly usage: Usage }>;
  rename(member: Member, replica: string, name: string): Promise<void>;
  /**
   * It gets no further grant, and every sign-in that was granted something there ends, whatever else it was granted;
   * but for the asker's own, which may have left it. Once more does the same again. Throws `invalid-argument` for the
   * one that asks.
   */
  retire(member: Member, replica: string): Promise<void>;
  /**
   * Deletes what a retired one has in the bucket. Throws `unsaved` where no other device has taken that over, unless it
   * may be discarded; `invalid-argument` for one that is not retired.
   */
  remove(member: Member, replica: string, discardUnsaved: boolean): Promise<RemoveAnswer>;
}

export interface DevicesParts {
  readonly store: StoreClient;
  readonly registry: Registry;
  readonly marks: MarkStore;
  readonly sessions: Sessions;
  readonly adoptions: Adoptions;
  readonly usage: UsageCounter;
}

export function createDevices(
  config: Pick<CheckedConfig, "log" | "grantSecondsMax">,
  parts: DevicesParts,
): Devices {
  const { store, registry, marks, sessions, adoptions, usage } = parts;
  const { log } = config;

  async function survey(
    namespace: Namespace,
  ): Promise<{ readonly devices: readonly Device[]; readonly usage: Usage }> {
    const [registered, counted] = await Promise.all([
      registry.devices(namespace),
      usage.count(namespace),
    ]);
    // One that was removed is there again if it has written something since, with URLs that were still good.
    const present = registered.filter(
      ({ replica, marks: { deletedAt } }) => deletedAt === 0 || counted.replicas.has(replica),
    );
    const devices: Device[] = [];
    for (let at = 0; at < present.length; at += readsAtOnce) {
      const some = present.slice(at, at + readsAtOnce);
      devices.push(...(await Promise.all(some.map((each) => describe(namespace, each, counted)))));
    }
    const shown = devices.toSorted((a, b) => (b.signedInAt ?? 0) - (a.signedInAt ?? 0));
    return { devices: shown, usage: counted };
  }

  async function describe(
    namespace: Namespace,
    { replica, state, marks: own, lastGrantedAt }: RegisteredDevice,
    counted: Usage,
  ): Promise<Device> {
    const used = counted.replicas.get(replica) ?? nothingUsed;
    return {
      replica,
      name: own.isNamed ? await marks.nameOf(namespace, replica) : null,
      state,
      signedInAt: own.sessions.size === 0 ? null : Math.max(...own.sessions.values()),
      ...used,
      mayWriteUntil: lastGrantedAt + registrationMsMax + config.grantSecondsMax * 1000,
    };
  }

  async function rename({ namespace }: Member, replica: string, name: string): Promise<void> {
    const found = await registry.device(namespace, replica);
    await marks.rename(namespace, found.replica, checkedName(name));
  }

  async function retire({ namespace, family }: Member, replica: string): Promise<void> {
    const found = await registry.device(namespace, replica);
    if (found.marks.sessions.has(family) && !(await hasMoved(namespace, found, family)))
      throw new PresyncError("invalid-argument", "this is the device that asks: sign out there");
    const end = async ({ marks: { sessions: all } }: RegisteredDevice): Promise<void> => {
      for (const each of all.keys())
        if (each !== family) await sessions.revokeFamily({ namespace, family: each });
    };
    // What is listed as retired has lost its sign-ins: where one of them cannot be ended, nothing is marked.
    await end(found);
    await marks.mark(namespace, found.replica, "retired");
    // One that was granted something meanwhile either sees the mark, or is seen here.
    await end(await registry.device(namespace, found.replica));
    log({ level: "info", event: "replica-retired", namespace, replica: found.replica });
  }

  /**
   * Whether the asker's sign-in has gone on as another replica since, because somebody else wrote under this one's id.
   * Only the asker is believed that: anybody who holds a sign-in can have it granted a further id, and would outlast
   * being retired with it.
   */
  async function hasMoved(
    namespace: Namespace,
    device: RegisteredDevice,
    family: string,
  ): Promise<boolean> {
    const since = device.marks.sessions.get(family) ?? 0;
    return [...(await marks.list(namespace))].some(
      ([replica, other]) => replica !== device.replica && (other.sessions.get(family) ?? 0) > since,
    );
  }

  async function remove(
    { namespace }: Member,
    replica: string,
    discardUnsaved: boolean,
  ): Promise<RemoveAnswer> {
    const device = await registry.device(namespace, replica);
    if (device.state !== "retired")
      throw new PresyncError("invalid-argument", "this device is not retired: retire it first");
    const counted = await usage.count(namespace);
    const used = counted.replicas.get(device.replica) ?? nothingUsed;
    if (!discardUnsaved && !(await isSafe(namespace, device, used))) throw unsaved(used);
    await marks.mark(namespace, device.replica, "deleted");
    // What is left if this ends half-way has no manifest any more, and may go the next time.
    await store.delete([objectKey(namespace, device.replica, manifestName)]);
    await deleteBelow(store, `${namespace}/${device.replica}/`);
    await marks.forget(namespace, device.replica, device.marks);
    usage.forget(namespace);
    const { objects, bytes } = used;
    log({ level: "info", event: "replica-removed", namespace, replica: device.replica, objects });
    return { objects, bytes };
  }

  async function isSafe(
    namespace: Namespace,
    { replica, marks: own }: RegisteredDevice,
    used: ReplicaUsage,
  ): Promise<boolean> {
    if (used.objects === 0) return true;
    const living = (await registry.devices(namespace)).filter(({ state }) => state === "active");
    const ids = living.map((other) => other.replica);
    if (await adoptions.isAdopted(namespace, replica, ids)) return true;
    // The rest of what was being deleted before.
    const key = objectKey(namespace, replica, manifestName);
    return own.deletedAt > 0 && (await store.list(key, 1)).every((object) => object.key !== key);
  }

  return {
    list: async ({ namespace }) => (await survey(namespace)).devices,
    survey,
    rename,
    retire,
    remove,
  };
}

function unsaved({ objects, bytes }: ReplicaUsage): PresyncError {
  return new PresyncError(
    "unsaved",
    `no other device has taken over what this one has in the bucket (${objects} objects, ${bytes} bytes): ` +
      "what none of them has read would be lost",
  );
}

/** Shown to the user alone; but nothing that could break a line, or turn it round. */
function checkedName(name: string): string {
  const trimmed = name.trim();
  if (trimmed.length > deviceNameLengthMax)
    throw new PresyncError(
      "invalid-argument",
      `a name has at most ${deviceNameLengthMax} characters`,
    );
  if (/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(trimmed.replaceAll("\u200d", "")))
    throw new PresyncError("invalid-argument", "a name has no control characters");
  return trimmed;
}
