/** What a deployment decides about hints. */
import type { Fault } from "../faults.ts";
import type { HintBus } from "./bus.ts";
import { createMemoryBus } from "./memory-bus.ts";

export interface HintOptions {
  /**
   * Whether there are any, as there are by default. Several instances that share no bus must have none: a device would
   * take its stream for a living one, and not hear what is said at another instance.
   */
  readonly isOn?: boolean;
  /** What instances share; without it one instance is all there is. */
  readonly bus?: HintBus;
  /** A stream is never silent for longer; less than what proxies in front wait for. */
  readonly heartbeatMs?: number;
  /** How often manifests are listed for those who listen; 0 where not. By default rarely where the store sends events. */
  readonly watchMs?: number;
  /** What the store shows when it sends events; without it there are none. */
  readonly storeEventsSecret?: string | null;
  /** How many streams one instance takes. */
  readonly streamsMax?: number;
}

export type CheckedHints = Required<HintOptions>;

/** Proxies close what is silent for 30 to 60 s. */
const heartbeatMsDefault = 15_000;

/** A change by a script is seen while somebody still wonders; more often would cost more than polling does. */
const watchMsDefault = 10_000;

/** Events may stop coming, and nobody would say so. */
const watchMsBesideEvents = 60_000;

/** 30 kB each. */
const streamsMaxDefault = 10_000;

const storeEventsSecretLettersMin = 16;

export function checkHints(options: HintOptions): CheckedHints {
  const storeEventsSecret = options.storeEventsSecret ?? null;
  const watchMs =
    options.watchMs ?? (storeEventsSecret === null ? watchMsDefault : watchMsBesideEvents);
  return {
    isOn: options.isOn ?? true,
    bus: options.bus ?? createMemoryBus(),
    heartbeatMs: options.heartbeatMs ?? heartbeatMsDefault,
    watchMs,
    storeEventsSecret,
    streamsMax: options.streamsMax ?? streamsMaxDefault,
  };
}

export function storeEventsSecretFault(secret: string): Fault {
  return secret.length >= storeEventsSecretLettersMin && !/\s/.test(secret)
    ? undefined
    : `is not a text of ${storeEventsSecretLettersMin} characters or more, without spaces`;
}

export function watchFault(ms: number): Fault {
  return ms === 0 || (Number.isSafeInteger(ms) && ms >= 100 && ms <= 3_600_000)
    ? undefined
    : "is neither 0 nor up to an hour";
}

export function heartbeatFault(ms: number): Fault {
  return Number.isSafeInteger(ms) && ms >= 100 && ms <= 600_000
    ? undefined
    : "is not between a tenth of a second and ten minutes";
}
