/**
 * Phase one: people work on their devices for some hours, in bursts with long pauses, while things go wrong. Each step
 * draws what happens next; nothing here judges anything.
 */
import type { Device } from "./device.ts";
import { createDevice, evict } from "./device.ts";
import { createDeviceClock } from "./device-clock.ts";
import type { EditKind } from "./edits.ts";
import { createDocument, editKinds } from "./edits.ts";
import { loseDisk, reckon } from "./exposure.ts";
import type { SeededRandom } from "./random.ts";
import type { Simulation } from "./simulation.ts";
import { tamper } from "./tampering.ts";

const minuteMs = 60_000;
const skewMsMax = 26 * 60 * minuteMs;
const driftMax = 0.001;
const devicesMax = 5;
const documentsMax = 3;
/** A browser ends an idle worker after so long. */
const idleMs = 30_000;

/** Each paste becomes a segment: so many of them fill the lowest level, and its slots are used again. */
const stormPastesMin = 9;
const stormPastesMore = 16;
const stormPauseMs = 1_700;

export interface Story {
  /** Everything that happens, until it is over. */
  play(steps: number): Promise<void>;
}

export function addDevice(sim: Simulation, random: SeededRandom, from?: Device): Device {
  const { context, devices } = sim;
  const { scheduler, faults } = context;
  const offsetMs = faults.hits("clock skewed") ? random.between(-skewMsMax, skewMsMax) : 0;
  const drift = faults.hits("clock drifts") ? random.between(-driftMax, driftMax) : 0;
  const clock = createDeviceClock(scheduler, offsetMs, drift);
  const device = createDevice(context, `d${devices.length + 1}`, clock, from);
  devices.push(device);
  return device;
}

function setOnline(device: Device, isOnline: boolean, isTold: boolean): void {
  device.isOnline = isOnline;
  if (isTold) for (const incarnation of device.running) incarnation.conditions();
}

const retiredShare = 0.6;

export function createStory(sim: Simulation, random: SeededRandom): Story {
  const { context, devices, documents, signer } = sim;
  const { scheduler, faults, counters } = context;
  /** How many large pastes there are in this run: a few runs are full of them. */
  const pasteShare = random.pick([0, 0.02, 0.1, 0.3]);
  const editsMax = random.pick([1, 2, 5]);
  /** In some runs somebody pastes again and again, until levels are full and merged. */
  const stormShare = random.pick([0, 0, 0, 0, 0, 0, 0.4]);
  let newDocuments = 0;

  const live = (): Device[] => devices.filter(({ isGone }) => !isGone);

  const document = (): { index: number; create: boolean } => {
    const isNew =
      documents.length === 0 || (documents.length < documentsMax && random.chance(0.15));
    if (!isNew) return { index: random.int(documents.length), create: false };
    documents.push(createDocument(random.fork(`document ${newDocuments++}`), random.chance(0.5)));
    return { index: documents.length - 1, create: true };
  };

  const edit = (device: Device): void => {
    const { index, create } = document();
    const kind: EditKind = random.chance(pasteShare)
      ? "paste"
      : random.pick(editKinds.slice(0, -1));
    // A tab talks to whichever incarnation it is connected to: not always the newest.
    const incarnation = random.pick(device.running);
    if (incarnation === undefined) return;
    incarnation.edit(documents[index]!, kind, create).catch(() => undefined);
  };

  const openDocument = (device: Device): void => {
    const found = documents[random.int(documents.length + 1)];
    const incarnation = device.running.at(-1);
    if (found === undefined || incarnation === undefined) return;
    incarnation.open(found).then(
      (handle) => {
        if (handle.isReady()) counters.count("found another's document");
      },
      () => undefined,
    );
  };

  const storm = (device: Device): void => {
    const found = document();
    const pastes = stormPastesMin + random.int(stormPastesMore);
    for (let index = 0; index < pastes; index++)
      scheduler.after(index * stormPauseMs, () => {
        device.running
          .at(-1)
          ?.edit(documents[found.index]!, "paste", found.create)
          .catch(() => undefined);
      });
    // Somebody begins to read meanwhile: slots are used again under his eyes.
    const reader = random.pick(live());
    scheduler.after(random.uniform() * pastes * stormPauseMs, () => {
      if (reader !== device && !faults.healed && !reader.isGone) session(reader, false);
    });
  };

  /** Somebody works on a device for a while. */
  const session = (device: Device, mayStorm = true): void => {
    const lengthMs = random.magnitude(4_000, 1.5 * minuteMs);
    device.sessionUntil = Math.max(device.sessionUntil, scheduler.now + lengthMs);
    device.isVisible = true;
    if (random.chance(0.8)) device.isOnline = true;
    sim.start(device);
    for (const incarnation of device.running) incarnation.conditions();
    const edits = 1 + random.int(editsMax);
    const isBurst = random.chance(0.5);
    for (let index = 0; index < edits; index++)
      scheduler.after(random.uniform() * (isBurst ? 3_000 + edits * 500 : lengthMs), () =>
        edit(device),
      );
    if (random.chance(0.5))
      scheduler.after(random.uniform() * lengthMs, () => openDocument(device));
    if (mayStorm && random.chance(stormShare)) storm(device);
    scheduler.after(lengthMs + 1, () => endSession(device));
  };

  const endSession = (device: Device): void => {
    if (scheduler.now < device.sessionUntil) return;
    device.isVisible = false;
    for (const incarnation of device.running) incarnation.conditions();
    if (random.chance(0.2)) return;
    scheduler.after(idleMs, () => {
      if (scheduler.now < device.sessionUntil + idleMs || faults.healed) return;
      if (device.running.length + device.starting.size > 0) counters.count("killed while idle", 0);
      sim.stop(device, "killed");
    });
  };

  const signIn = (device: Device): void => {
    const { registry } = device;
    if (registry.isSignedIn) return;
    sim.stop(device, "killed");
    Object.assign(registry, { isSignedIn: true, isClaimed: true, isRevoked: false });
    sim.start(device);
  };

  const signOut = (device: Device): void => {
    sim.stop(device, "killed");
    device.registry.isSignedIn = false;
    if (device.sessionUntil > scheduler.now) sim.start(device);
  };

  const step = (): void => {
    const device = random.pick(live());
    session(device);
    if (!device.registry.isSignedIn && random.chance(0.5)) signIn(device);
    if (device.registry.isRevoked && random.chance(0.3)) device.registry.isRevoked = false;
    const other = random.pick(live());
    if (faults.hits("killed while idle")) sim.stop(other, "killed");
    if (faults.hits("power lost")) sim.stop(other, "power lost");
    if (live().length > 1 && faults.hits("disk evicted")) {
      sim.stop(other, "killed");
      loseDisk(sim, other, () => evict(other));
      other.registry.isSignedIn = true;
    }
    if (
      live().length < devicesMax &&
      other.registry.grant !== null &&
      faults.hits("profile cloned")
    ) {
      other.isClone = true;
      session(addDevice(sim, random, other));
    }
    if (other.running.length > 0 && faults.hits("two incarnations overlap")) sim.start(other, true);
    if (faults.hits("clock jumped")) other.clock.jump(random.between(-skewMsMax, skewMsMax));
    if (faults.hits("offline")) setOnline(other, false, true);
    if (faults.hits("offline untold")) setOnline(other, false, false);
    if (!other.isOnline && random.chance(0.3)) setOnline(other, true, true);
    if (signer.isDown) signer.isDown = !random.chance(0.4);
    else signer.isDown = faults.hits("signer down");
    if (faults.hits("session revoked")) other.registry.isRevoked = true;
    if (other.registry.isSignedIn && faults.hits("signed out")) signOut(other);
    if (live().length < devicesMax && faults.hits("device joined")) join();
    if (live().length > 2 && faults.hits("device gone")) {
      sim.stop(other, "killed");
      other.isGone = true;
      const gone = other.registry.grant?.replica;
      // A month later, and nobody else has its id.
      if (gone !== undefined && !other.isClone && random.chance(retiredShare)) signer.retire(gone);
      reckon(sim);
    }
    tamper(sim, random);
  };

  const join = (): void => {
    const device = addDevice(sim, random);
    if (random.chance(0.7)) Object.assign(device.registry, { isSignedIn: true });
    if (signer.assigned.length > 0) counters.count("took a reserved id");
    session(device);
  };

  return {
    async play(steps) {
      const count = random.chance(0.7) ? 2 : 3;
      for (let index = 0; index < count; index++) join();
      for (let index = 0; index < steps; index++) {
        step();
        const pauseMs = random.chance(0.6)
          ? random.magnitude(1_000, minuteMs)
          : random.magnitude(minuteMs, 60 * minuteMs);
        await scheduler.runUntil(scheduler.now + pauseMs);
      }
    },
  };
}
