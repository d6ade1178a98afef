/** Puts a simulation together. */
import { noAnswerCodes } from "../../shared/errors.ts";
import { manifestName, objectKey } from "../../shared/keys.ts";
import type { BucketModel } from "./bucket-model.ts";
import { createContents } from "./contents.ts";
import type { Context } from "./context.ts";
import { createBucketWatch } from "./bucket-watch.ts";
import type { Device } from "./device.ts";
import { cutPower } from "./device.ts";
import { mergeSignedOut } from "./merge-signed-out.ts";
import { inspectStored, loseDisk } from "./exposure.ts";
import { askSigner } from "./grant-keeper-model.ts";
import type { Incarnation } from "./incarnation.ts";
import { startIncarnation } from "./incarnation.ts";
import { remember } from "./recovery.ts";
import type { Life } from "./life.ts";
import { createLife } from "./life.ts";
import type { Simulation } from "./simulation.ts";
import type { SignerModel } from "./signer-model.ts";

/** A worker that could not start is started again when the next tab says hello. */
const restartMs = 20_000;

/** As in `users.ts`. */
const newReplicaPauseMs = 30_000;

export interface KillSwitch {
  /** Set by the simulation: how to kill an incarnation. */
  kill: (life: Life, landing: "none" | "some") => void;
}

function remove(device: Device, life: Life): void {
  device.starting.delete(life);
  const at = device.running.findIndex((incarnation) => incarnation.life === life);
  if (at >= 0) device.running.splice(at, 1);
}

/** The incarnation is no more; of its transactions that are under way some still take effect, or none. */
function end(device: Device, life: Life, landing: "none" | "some"): void {
  for (const { diskLane, storageLane } of [device.user, device.signedOut]) {
    diskLane.end(life, landing);
    storageLane.end(life, landing);
  }
  life.end();
  remove(device, life);
}

export function createSimulation(
  context: Context,
  bucket: BucketModel,
  signer: SignerModel,
  killSwitch: KillSwitch,
): Simulation {
  const { scheduler, counters, observed } = context;
  const devices: Device[] = [];
  const contents = createContents((document, changes) => {
    for (const { hash, actor, seq, deps } of changes) {
      observed.dependencies.set(hash, deps);
      const name = `${document} ${actor} ${seq}`;
      const hashes = observed.names.get(name) ?? new Set<string>();
      observed.names.set(name, hashes.add(hash));
    }
  });

  killSwitch.kill = (life, landing) => {
    const device = devices.find(({ name }) => name === life.device)!;
    for (const incarnation of device.running)
      if (incarnation.life === life) incarnation.inspectStatus();
    context.trace.add(context.elapsed(), `${life.name} is killed`);
    if (context.faults.hits("power lost at a call")) sim.stop(device, "power lost");
    else end(device, life, landing);
    if (device.running.length + device.starting.size === 0)
      sim.remembered.push(remember(sim, device));
    inspectStored(sim, device);
    restartLater(device, 1_000);
  };

  /** While somebody works there, the next tab's hello starts the worker again. */
  const restartLater = (device: Device, delayMs: number): void => {
    scheduler.after(delayMs, () => {
      if (scheduler.now < device.sessionUntil) sim.start(device);
    });
  };

  const begin = async (device: Device, life: Life): Promise<void> => {
    try {
      if (device.registry.isClaimed) await mergeSignedOut(context, device, life);
      if (device.registry.isSignedIn && device.registry.grant === null)
        device.registry.grant = await askSigner(context, signer, device, life, null);
      const incarnation = await startIncarnation(sim, device, life);
      device.starting.delete(life);
      device.running.push(incarnation);
      incarnation.conditions();
    } catch {
      if (!life.isAlive) return;
      counters.count("started from a failing disk");
      end(device, life, "some");
      restartLater(device, restartMs);
    }
  };

  const takeNewReplica = async (incarnation: Incarnation): Promise<void> => {
    const { device, life } = incarnation;
    const { registry } = device;
    const fled = incarnation.grant?.replica;
    try {
      const grant = await askSigner(context, signer, device, life, null);
      if (registry.isSignedIn && registry.grant?.replica === fled) registry.grant = grant;
    } catch {
      scheduler.after(newReplicaPauseMs, () => {
        if (life.isAlive) void takeNewReplica(incarnation);
      });
      return;
    }
    await incarnation.engine.close();
    end(device, life, "some");
    device.isClone = false;
    // A later incarnation that still goes by the old id is superseded.
    sim.start(device, true);
  };

  const watch = createBucketWatch(context, bucket, contents, () => sim);

  const sim: Simulation = {
    context,
    bucket,
    signer,
    contents,
    devices,
    documents: [],
    remembered: [],
    start(device, overlapping = false) {
      if (device.isGone) return;
      if (!overlapping && device.running.length + device.starting.size > 0) return;
      const life = createLife(device.name, ++device.lives);
      device.starting.add(life);
      context.trace.add(context.elapsed(), `${life.name} starts`);
      void begin(device, life);
    },
    flee: (incarnation) => void takeNewReplica(incarnation),
    retire(device, life) {
      // It has closed itself; its tabs connect to the other one.
      scheduler.after(5_000, () => {
        end(device, life, "some");
        restartLater(device, 1_000);
      });
    },
    stop(device, how) {
      const lives = [...device.running.map(({ life }) => life), ...device.starting];
      for (const life of lives) end(device, life, "some");
      if (how === "power lost") loseDisk(sim, device, () => cutPower(context, device));
      inspectStored(sim, device);
    },
    toldUnavailable(incarnation, document) {
      const { device, grant, life } = incarnation;
      counters.count("told that a document is unavailable");
      if (grant === null) return;
      for (const { replica, state } of grant.peers) {
        if (state !== "active") continue;
        const key = objectKey(grant.namespace, replica, manifestName);
        const isAnswered = observed.requests.some(
          (request) =>
            request.key === key &&
            [device.name, ...device.ancestors].includes(request.device) &&
            request.outcome !== null &&
            !noAnswerCodes.has(request.outcome as "unreachable"),
        );
        if (!isAnswered)
          observed.unfounded.push(
            `${life.name} calls ${document} unavailable before ${key} answered`,
          );
      }
    },
    wrote: watch.wrote,
    answered: watch.answered,
    lastSeen: watch.lastSeen,
  };
  return sim;
}
