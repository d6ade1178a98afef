/** What every check works with: three clients of one bucket, the few keys they write, and this run's own words. */
import type { StoreConfig } from "../../service/config.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { BucketClient, HttpAnswer, Send, ToSign } from "../dev-store/conformance/client.ts";
import { createBucketClient } from "../dev-store/conformance/client.ts";
import { objectContentType } from "../../shared/grants.ts";
import type { KeyRole } from "./check.ts";
import type { Profile } from "./profiles.ts";

/** What the doctor has of the world. */
export interface DoctorWorld {
  readonly send: Send;
  readonly pause: (ms: number) => Promise<void>;
  /** Text nobody else writes, so that what an attack brought to light is known to be of this run. */
  readonly nonce: string;
}

export interface DoctorSettings {
  readonly store: Required<StoreConfig>;
  readonly origins: readonly string[];
  /** What the service would sign for, already limited to `grantSecondsMax`. */
  readonly grantSeconds: number;
  readonly profile: Profile;
}

export interface Bench extends DoctorSettings {
  /** Asks again where the store is busy or fails; throws `retry` where it goes on so: no refusal, and no leave. */
  readonly send: Send;
  /** Asks once. */
  readonly sendOnce: Send;
  readonly pause: (ms: number) => Promise<void>;
  readonly clients: Readonly<Record<KeyRole, BucketClient>>;
  /** The body this run gives an object. */
  readonly textOf: (what: string) => string;
  /** A key nobody has ever written. */
  readonly missingKey: (role: KeyRole) => string;
}

/**
 * All that is ever written, the same in every run: where nobody may delete, what stays behind must
 * not grow. The two namespaces' keys look like a user's; `doctor` is no way to sign in, so nobody is ever granted them.
 */
export const probeKeys = {
  service: "@service/doctor/probe",
  victim: "doctor:probe/browser-0000000000d1/manifest",
  attacker: "doctor:probe/browser-0000000000d2/manifest",
} as const;

/** A store that allows one write per second and key takes the next one after this. */
const busyPauseMs = 1100;
const busyAttemptsMax = 5;

/** What may be otherwise the next time. 501 is not among them: it is how a store refuses what it does not know. */
const unclearStatuses: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);

export function createBench(settings: DoctorSettings, world: DoctorWorld): Bench {
  const { store } = settings;
  const send: Send = async (url, toSend) => {
    for (let attempt = 1; ; attempt++) {
      const answer = await world.send(url, toSend);
      if (!unclearStatuses.has(answer.status)) return answer;
      if (attempt === busyAttemptsMax)
        throw new PresyncError("retry", "the store is busy or fails, again and again");
      await world.pause(busyPauseMs);
    }
  };
  return {
    ...settings,
    send,
    sendOnce: world.send,
    pause: world.pause,
    clients: {
      read: createBucketClient(store, store.read, send),
      write: createBucketClient(store, store.write, send),
      admin: createBucketClient(store, store.admin, send),
    },
    textOf: (what) => `presync doctor ${world.nonce} ${what}\n`,
    missingKey: (role) =>
      role === "admin"
        ? `@service/doctor/missing-${world.nonce}`
        : `doctor:missing-${world.nonce}/browser-0000000000d1/manifest`,
  };
}

/** 429, or the 503 that S3 calls SlowDown. */
export function isBusy({ status }: HttpAnswer): boolean {
  return status === 429 || status === 503;
}

export function isGood({ status }: HttpAnswer): boolean {
  return status >= 200 && status < 300;
}

/** A PUT as a grant holds it: signed in the query, together with the content type. */
export function grantedPut(key: string): ToSign {
  return { method: "PUT", key, headers: grantedHeaders };
}

export const grantedHeaders: Readonly<Record<string, string>> = {
  "content-type": objectContentType,
};

/** The same address without its signature. */
export function unsigned(url: string): string {
  const bare = new URL(url);
  bare.search = "";
  return bare.href;
}
