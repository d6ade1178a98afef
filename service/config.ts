/** What a deployment of the service decides, checked once when the service is created. */
import type { Context } from "hono";
import { PresyncError } from "../shared/errors.ts";
import type { Layout } from "../shared/keys.ts";
import { defaultLayout, objectNames } from "../shared/keys.ts";
import type { Fault } from "./faults.ts";
import {
  bucketFault,
  endpointFault,
  grantSecondsFault,
  grantSecondsMaxDefault,
  originFault,
  providersFault,
  quotaFault,
  regionFault,
  sessionSecondsFault,
  sessionSecretsFault,
  urlFault,
} from "./faults.ts";
import type { Claims } from "./claims.ts";
import type { CheckedHints, HintOptions } from "./hints/settings.ts";
import {
  checkHints,
  heartbeatFault,
  storeEventsSecretFault,
  watchFault,
} from "./hints/settings.ts";
import type { Limits } from "./limits.ts";
import { noLimits } from "./limits.ts";
import type { Log } from "./log.ts";
import { silentLog } from "./log.ts";
import type { EmailSettings } from "./mailer.ts";
import type { Provider } from "./provider.ts";
import type { Quota } from "./quota.ts";

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

/** How a URL names the bucket: `host/bucket/key` or `bucket.host/key`. */
export type Addressing = "path" | "virtual-host";

export interface StoreConfig {
  /** Scheme, host and port, as browsers reach it: signed URLs start with it. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  readonly addressing?: Addressing;
  /** Signs GETs. May read and list objects, and nothing else. */
  readonly read: AccessKey;
  /** Signs PUTs. May write objects and not read any: an unsigned `x-amz-copy-source` is then worthless. */
  readonly write: AccessKey;
  /** Used by the service itself, below `@service/`: lists, reads and writes. Never signs a URL. */
  readonly admin: AccessKey;
}

export interface ServiceConfig {
  /** Where clients reach the service. Its origin is part of what a signing-in key signs, and of every session. */
  readonly publicUrl: string;
  /** The exact origins of the apps whose pages and workers may call. The service's own is always among them. */
  readonly origins: readonly string[];
  readonly store: StoreConfig;
  /** The first signs, all verify: put a new one in front, and drop the old one when its sessions have expired. */
  readonly sessionSecrets: readonly string[];
  readonly sessionSeconds?: number;
  /** How long signed URLs live; at most `grantSecondsMax`. */
  readonly grantSeconds?: number;
  /** What the store allows at most: seven days on most, 90 on Tigris. */
  readonly grantSecondsMax?: number;
  /** Where users may sign in, besides with a secret key. */
  readonly providers?: readonly Provider[];
  /** Signing in with a mailed link; without it there is none. */
  readonly email?: EmailSettings | null;
  /** What each user may have in the bucket; without it, anything. */
  readonly quota?: Quota;
  /** How often something may be done; without it, as often as anybody likes. */
  readonly limits?: Limits;
  /** How clients hear of each other's changes at once. */
  readonly hints?: HintOptions;
  /** Aborted when the service is about to stop: what would go on for ever ends. */
  readonly closing?: AbortSignal | null;
  /** Says what happens the first time, where the store has no create-if-absent. */
  readonly claims?: Claims | null;
  /** Who asks, for limits: the address of the client. Without it all are one. */
  readonly clientOf?: (c: Context) => string;
  readonly layout?: Layout;
  readonly log?: Log;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  readonly fetch?: typeof fetch;
}

export interface CheckedConfig extends Required<ServiceConfig> {
  readonly store: Required<StoreConfig>;
  readonly hints: CheckedHints;
  /** The origin of `publicUrl`: issuer and audience of everything the service vouches for. */
  readonly serviceOrigin: string;
}

/** A device that is opened once in a season stays signed in; a stolen session does not live for ever. */
const sessionSecondsDefault = 90 * 86_400;

/** Fills in the defaults; throws `invalid-argument` naming every setting that can never work. */
export function checkConfig(config: ServiceConfig): CheckedConfig {
  const grantSecondsMax = config.grantSecondsMax ?? grantSecondsMaxDefault;
  const grantSeconds = Math.min(config.grantSeconds ?? grantSecondsMax, grantSecondsMax);
  const sessionSeconds = config.sessionSeconds ?? sessionSecondsDefault;
  const { endpoint, region, bucket } = config.store;
  const providers = config.providers ?? [];
  const quota = config.quota ?? {};
  const hints = checkHints(config.hints ?? {});
  const faults: [string, Fault][] = [
    ["publicUrl", urlFault(config.publicUrl)],
    ...config.origins.map((origin): [string, Fault] => ["origins", originFault(origin)]),
    ["store.endpoint", endpointFault(endpoint)],
    ["store.region", regionFault(region)],
    ["store.bucket", bucketFault(bucket)],
    ["providers", providersFault(providers.map(({ name }) => name))],
    ["sessionSecrets", sessionSecretsFault(config.sessionSecrets)],
    ["grantSecondsMax", grantSecondsFault(grantSecondsMax)],
    ["grantSeconds", grantSecondsFault(config.grantSeconds ?? grantSecondsMax)],
    ["sessionSeconds", sessionSecondsFault(sessionSeconds)],
    ["hints.heartbeatMs", heartbeatFault(hints.heartbeatMs)],
    ["hints.watchMs", watchFault(hints.watchMs)],
    [
      "hints.storeEventsSecret",
      hints.storeEventsSecret === null
        ? undefined
        : storeEventsSecretFault(hints.storeEventsSecret),
    ],
    ...(["bytes", "objects", "replicas"] as const).map((name): [string, Fault] => [
      `quota.${name}`,
      quota[name] === undefined ? undefined : quotaFault(quota[name]),
    ]),
  ];
  const mistakes = faults.flatMap(([name, fault]) =>
    fault === undefined ? [] : `${name} ${fault}`,
  );
  if (mistakes.length > 0) throw new PresyncError("invalid-argument", mistakes.join("; "));
  const layout = config.layout ?? defaultLayout;
  objectNames(layout); // Throws where it is not a layout.
  return {
    ...config,
    store: { addressing: "path", ...config.store },
    serviceOrigin: new URL(config.publicUrl).origin,
    sessionSeconds,
    grantSeconds,
    grantSecondsMax,
    providers,
    quota,
    hints,
    closing: config.closing ?? null,
    email: config.email ?? null,
    limits: config.limits ?? noLimits,
    claims: config.claims ?? null,
    clientOf: config.clientOf ?? (() => ""),
    layout,
    log: config.log ?? silentLog,
    now: config.now ?? Date.now,
    // Looked up at each call and called without a receiver, which workerd insists on.
    fetch: config.fetch ?? ((input, init) => fetch(input, init)),
  };
}
