/**
 * The service's settings that need nothing but variables, on any runtime. All mistakes are found at once, one line each,
 * so that a deployment is not corrected one restart at a time. No line ever shows a value: it could be a secret in the
 * wrong place.
 */
import type { AccessKey, Addressing, ServiceConfig } from "./config.ts";
import {
  bucketFault,
  endpointFault,
  grantSecondsFault,
  grantSecondsMaxDefault,
  originFault,
  quotaFault,
  regionFault,
  sessionSecondsFault,
  sessionSecretsFault,
  urlFault,
} from "./faults.ts";
import { storeEventsSecretFault, watchFault } from "./hints/settings.ts";
import { readProviders } from "./provider-settings.ts";
import type { SettingsReader } from "./settings-reader.ts";
import { isPlainHttp } from "./settings-reader.ts";

/** The variables it reads, with what they mean. */
export const configVariables: Readonly<Record<string, string>> = {
  PRESYNC_ENDPOINT: "object store: scheme, host and port, as browsers reach it",
  PRESYNC_REGION: "its region (`auto` where it has none)",
  PRESYNC_BUCKET: "the bucket",
  PRESYNC_ADDRESSING: "`path` (default) or `virtual-host`",
  PRESYNC_READ_KEY_ID: "read-only key, signs GETs",
  PRESYNC_READ_KEY_SECRET: "its secret",
  PRESYNC_WRITE_KEY_ID: "write-only key, signs PUTs",
  PRESYNC_WRITE_KEY_SECRET: "its secret",
  PRESYNC_ADMIN_KEY_ID:
    "key for the service itself: list and delete; read and write below @service/",
  PRESYNC_ADMIN_KEY_SECRET: "its secret",
  PRESYNC_PUBLIC_URL: "where clients reach this service",
  PRESYNC_ORIGINS: "exact origins of the apps, comma-separated",
  PRESYNC_SESSION_SECRET:
    "32 characters or more; a comma-separated list: the first signs, all verify",
  PRESYNC_SESSION_SECONDS: "how long a sign-in lasts (default 90 days)",
  PRESYNC_GITHUB_CLIENT_ID: "sign-in with GitHub: of an OAuth app, which returns to",
  PRESYNC_GITHUB_CLIENT_SECRET: "<public URL>/v1/auth/github/callback; and its secret",
  PRESYNC_GITHUB_URL: "of GitHub Enterprise (default https://github.com)",
  PRESYNC_GITHUB_API_URL: "of its API (default https://api.github.com)",
  PRESYNC_OIDC_ISSUER: "sign-in with an OpenID provider: its address",
  PRESYNC_OIDC_CLIENT_ID: "of a client that returns to <public URL>/v1/auth/<name>/callback",
  PRESYNC_OIDC_CLIENT_SECRET: "its secret",
  PRESYNC_OIDC_NAME: "what signIn() calls it: 2 to 16 small letters (default `oidc`)",
  PRESYNC_QUOTA_BYTES: "what each user may have in the bucket (default: anything)",
  PRESYNC_QUOTA_OBJECTS: "and in how many objects; a device has up to 52",
  PRESYNC_QUOTA_REPLICAS: "how many devices of each user may write; the others read",
  PRESYNC_HINTS:
    "`on` (default), or `off`: then devices poll, as they must with several instances without Redis",
  PRESYNC_STORE_EVENTS_SECRET:
    "the store sends its events to <public URL>/v1/store-events, with this as its token",
  PRESYNC_WATCH_SECONDS:
    "how often the bucket is looked at for who has a page open (default 10, with events 60; 0: never)",
  PRESYNC_GRANT_SECONDS: "how long signed URLs live (default and usual maximum 604800)",
  PRESYNC_GRANT_SECONDS_MAX: "what the store allows at most (default 604800; Tigris 7776000)",
};

/** Returns what makes the config, once everything is known to be right. */
export function readConfig(reader: SettingsReader): () => ServiceConfig {
  const { mistakes, warnings, read, check, text, list, whole } = reader;

  function accessKey(role: "READ" | "WRITE" | "ADMIN"): AccessKey {
    const names = [`PRESYNC_${role}_KEY_ID`, `PRESYNC_${role}_KEY_SECRET`] as const;
    const [accessKeyId, secretAccessKey] = names.map(read);
    if (accessKeyId !== undefined && secretAccessKey !== undefined)
      return { accessKeyId, secretAccessKey };
    if (accessKeyId !== undefined || secretAccessKey !== undefined) {
      mistakes.push(
        `${accessKeyId === undefined ? names[0] : names[1]} is not set, but its other half is`,
      );
      return { accessKeyId: "", secretAccessKey: "" };
    }
    const standardId = read("AWS_ACCESS_KEY_ID");
    const standardSecret = read("AWS_SECRET_ACCESS_KEY");
    if (standardId === undefined || standardSecret === undefined) {
      mistakes.push(`${names[0]} and ${names[1]} are not set (nor is the standard AWS pair)`);
      return { accessKeyId: "", secretAccessKey: "" };
    }
    if (read("AWS_SESSION_TOKEN") !== undefined)
      mistakes.push(
        `${names[0]} is not set, and the AWS pair is temporary: signed URLs die with it`,
      );
    warnings.push(
      `${names[0]} is not set: the standard AWS pair is used instead. ${keyWarnings[role]}`,
    );
    return { accessKeyId: standardId, secretAccessKey: standardSecret };
  }

  const publicUrl = text("PRESYNC_PUBLIC_URL", urlFault);
  const origins = list("PRESYNC_ORIGINS");
  for (const origin of origins) check("PRESYNC_ORIGINS", originFault(origin));
  const sessionSecrets = list("PRESYNC_SESSION_SECRET");
  if (sessionSecrets.length > 0)
    check("PRESYNC_SESSION_SECRET", sessionSecretsFault(sessionSecrets));
  const store = {
    endpoint: text("PRESYNC_ENDPOINT", endpointFault),
    region: text("PRESYNC_REGION", regionFault),
    bucket: text("PRESYNC_BUCKET", bucketFault),
    addressing: (read("PRESYNC_ADDRESSING") ?? "path") as Addressing,
    read: accessKey("READ"),
    write: accessKey("WRITE"),
    admin: accessKey("ADMIN"),
  };
  if (store.addressing !== "path" && store.addressing !== "virtual-host")
    mistakes.push("PRESYNC_ADDRESSING is neither `path` nor `virtual-host`");
  const sessionSeconds = whole("PRESYNC_SESSION_SECONDS", sessionSecondsFault);
  const grantSecondsMax = whole("PRESYNC_GRANT_SECONDS_MAX", grantSecondsFault);
  const grantSeconds = whole("PRESYNC_GRANT_SECONDS", grantSecondsFault);
  const quota = {
    bytes: whole("PRESYNC_QUOTA_BYTES", quotaFault),
    objects: whole("PRESYNC_QUOTA_OBJECTS", quotaFault),
    replicas: whole("PRESYNC_QUOTA_REPLICAS", quotaFault),
  };
  const providers = readProviders(reader);
  const hintsAre = read("PRESYNC_HINTS");
  if (hintsAre !== undefined && hintsAre !== "on" && hintsAre !== "off")
    mistakes.push("PRESYNC_HINTS is neither `on` nor `off`");
  const storeEventsSecret = read("PRESYNC_STORE_EVENTS_SECRET");
  if (storeEventsSecret !== undefined)
    check("PRESYNC_STORE_EVENTS_SECRET", storeEventsSecretFault(storeEventsSecret));
  const watchSeconds = whole("PRESYNC_WATCH_SECONDS", (seconds) => watchFault(seconds * 1000));

  const longest = grantSecondsMax ?? grantSecondsMaxDefault;
  if (grantSeconds !== undefined && grantSeconds > longest)
    warnings.push(`PRESYNC_GRANT_SECONDS is more than the store allows: ${longest} is used`);
  if (store.write.accessKeyId !== "" && store.write.accessKeyId === store.read.accessKeyId)
    warnings.push(`PRESYNC_WRITE_KEY_ID is the key that also reads. ${keyWarnings.WRITE}`);
  if (isPlainHttp(publicUrl))
    warnings.push("PRESYNC_PUBLIC_URL is not https: sessions and signed URLs travel readable");

  return () => ({
    publicUrl,
    origins,
    sessionSecrets,
    store,
    providers: providers(),
    quota,
    hints: {
      ...(hintsAre === "off" ? { isOn: false } : {}),
      ...(storeEventsSecret === undefined ? {} : { storeEventsSecret }),
      ...(watchSeconds === undefined ? {} : { watchMs: watchSeconds * 1000 }),
    },
    ...(sessionSeconds === undefined ? {} : { sessionSeconds }),
    ...(grantSeconds === undefined ? {} : { grantSeconds }),
    ...(grantSecondsMax === undefined ? {} : { grantSecondsMax }),
  });
}

const keyWarnings = {
  READ: "Make a key that can only read and list.",
  WRITE:
    "DANGER: with a key that can also read, whoever holds a signed PUT URL can copy any object of " +
    "any user into the own prefix (unsigned x-amz-copy-source). Make a key that can only write.",
  ADMIN: "Make a key that can list and delete, and read and write below @service/ only.",
} as const;
