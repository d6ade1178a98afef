/**
 * Keeps an incarnation's grant fresh, in the manner of `grant-keeper.ts`: renewed at half its life, when the store has
 * refused, and when somebody new appeared; with pauses in between.
 */
import { PresyncError } from "../../shared/errors.ts";
import { createBackoff } from "../engine/backoff.ts";
import type { Random, Timers } from "../engine/world.ts";
import type { Context } from "./context.ts";
import type { Device } from "./device.ts";
import type { Life } from "./life.ts";
import type { SignerModel, SimulatedGrant } from "./signer-model.ts";

const renewalIntervalMsMin = 60_000;
const renewalPauseMsMax = 15 * 60_000;

export interface GrantKeeperModel {
  refused(): void;
  newcomer(): void;
  /** The network, or the session, is back. */
  hasten(): void;
  /** Half of the grant's life is over. */
  renew(): void;
}

export interface GrantKeeperModelParts {
  readonly context: Context;
  readonly signer: SignerModel;
  readonly device: Device;
  readonly life: Life;
  readonly timers: Timers;
  readonly random: Random;
  readonly use: (grant: SimulatedGrant) => void;
}

/** Asks the service; throws `unreachable` and `unauthenticated` as its client does. */
export function askSigner(
  context: Context,
  signer: SignerModel,
  device: Device,
  life: Life,
  wanted: SimulatedGrant | null,
): Promise<SimulatedGrant> {
  const { scheduler, random } = context;
  return new Promise((resolve, reject) => {
    if (!life.isAlive) return;
    const call = context.begin(life, "signer.grant", wanted?.replica ?? "new");
    const answer = (give: () => void): void => {
      scheduler.after(random.between(20, 250), () => {
        if (life.isAlive) give();
      });
    };
    scheduler.after(random.between(20, 250), () => {
      if (!life.isAlive) return;
      if (context.isKilledAt(call, "before")) return context.kill(life, "some");
      if (!device.isOnline || signer.isDown)
        return answer(() => reject(new PresyncError("unreachable", "the service is silent")));
      if (device.registry.isRevoked)
        return answer(() => reject(new PresyncError("unauthenticated", "the session is over")));
      const grant = signer.grant(wanted?.replica ?? null, scheduler.now);
      if (context.isKilledAt(call, "after")) return context.kill(life, "some");
      answer(() => resolve(grant));
    });
  });
}

export function createGrantKeeperModel(parts: GrantKeeperModelParts): GrantKeeperModel {
  const { context, device, life, timers } = parts;
  const backoff = createBackoff(renewalPauseMsMax);
  /** What the engine was opened as: a grant for another id is none for it. */
  const own = device.registry.grant;
  let isRenewing = false;
  let renewedAt = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | undefined;

  const schedule = (delayMs: number): void => {
    cancel?.();
    cancel = timers.after(delayMs, () => void renew());
  };

  const scheduleHalfLife = (grant: SimulatedGrant): void =>
    schedule((grant.expiresAt - grant.issuedAt) / 2);

  const renew = async (): Promise<void> => {
    const { registry } = device;
    if (isRenewing || !life.isAlive || !registry.isSignedIn) return;
    isRenewing = true;
    try {
      const grant = await askSigner(context, parts.signer, device, life, own);
      // Another incarnation has taken another id meanwhile: this one has nothing to say any more.
      if (registry.grant?.replica !== own?.replica) return;
      renewedAt = context.scheduler.now;
      backoff.reset();
      registry.grant = grant;
      context.counters.count("renewed a grant");
      parts.use(grant);
      scheduleHalfLife(grant);
    } catch {
      schedule(backoff.next(parts.random.uniform()));
    } finally {
      isRenewing = false;
    }
  };

  if (own !== null) {
    // Its age when this incarnation begins.
    const { issuedAt, expiresAt } = own;
    schedule(Math.max(0, issuedAt + (expiresAt - issuedAt) / 2 - device.clock.now()));
  }
  return {
    refused() {
      if (context.scheduler.now - renewedAt > renewalIntervalMsMin) void renew();
      else schedule(backoff.next(parts.random.uniform()));
    },
    newcomer() {
      if (context.scheduler.now - renewedAt < renewalIntervalMsMin) return;
      context.counters.count("renewed for a newcomer");
      renewedAt = context.scheduler.now;
      void renew();
    },
    renew: () => void renew(),
    hasten() {
      if (backoff.failures === 0) return;
      backoff.reset();
      void renew();
    },
  };
}
