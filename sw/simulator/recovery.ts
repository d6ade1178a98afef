/**
 * I9, on a copy of a device as a kill left it: starting there, with no network, and being killed again must leave what
 * starting and being killed twice leaves. Only the number of the incarnation may differ.
 */
import { bytesToHex } from "../../shared/hex.ts";
import type { Changes } from "./contents.ts";
import type { Device } from "./device.ts";
import { createDevice, currentProfile } from "./device.ts";
import { createDeviceClock } from "./device-clock.ts";
import { polledKey } from "../engine/poller.ts";
import type { Simulation } from "./simulation.ts";

/** Long enough for everything that needs no network. */
const settleMs = 4_000;

/** Not the same on both sides: how often it was started, and whether it has had the time to ask everybody. */
const passingKeys: ReadonlySet<string> = new Set(["incarnation", polledKey]);

/** A copy of a device as it is now, for later. */
export function remember(sim: Simulation, device: Device): Device {
  const clock = createDeviceClock(sim.context.scheduler, 0, 0);
  const name = `${device.name}c${sim.remembered.length}`;
  const copy = createDevice(sim.context, name, clock, device);
  copy.isOnline = false;
  return copy;
}

export async function recoverTwice(sim: Simulation, device: Device): Promise<void> {
  const once = await recover(sim, device);
  const twice = await recover(sim, device);
  for (const [key, value] of new Map([...once, ...twice]))
    if (once.get(key) !== twice.get(key))
      sim.context.observed.recoveries.push(
        `${device.name}: ${key} is ${short(once.get(key))} after one recovery, ${short(twice.get(key))} after two (${short(value)})`,
      );
}

async function recover(sim: Simulation, device: Device): Promise<Map<string, string>> {
  const { scheduler } = sim.context;
  sim.start(device);
  await scheduler.runUntil(scheduler.now + settleMs);
  sim.stop(device, "killed");
  await scheduler.runUntil(scheduler.now + settleMs);
  return stateOf(sim, device);
}

function stateOf(sim: Simulation, device: Device): Map<string, string> {
  const { disk, storage } = currentProfile(device);
  const state = new Map<string, string>();
  for (const [key, value] of disk.values)
    if (!passingKeys.has(key)) state.set(key, canonical(value));
  const stored: Changes = new Map();
  sim.contents.ofStorage(storage.values, stored);
  for (const [document, hashes] of stored)
    state.set(`document ${document}`, [...hashes].toSorted().join());
  return state;
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner instanceof Uint8Array ? bytesToHex(inner) : inner,
  );
}

function short(text: string | undefined): string {
  return text === undefined ? "not there" : text.slice(0, 120);
}
