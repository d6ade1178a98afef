/**
 * The service's settings from environment variables. All mistakes are found at once, one line each, so that a
 * deployment is not corrected one restart at a time. No line ever shows a value: it could be a secret in the
 * wrong place.
 */
import type { AccessKey, Addressing, ServiceConfig } from "./config.ts";
import type { Fault } from "./faults.ts";
import {
  bucketFault,
  endpointFault,
  grantSecondsFault,
  grantSecondsMaxDefault,
  originFault,
  providersFault,
  regionFault,
  sessionSecondsFault,
  sessionSecretsFault,
  urlFault,
} from "./faults.ts";
import type { Provider } from "./provider.ts";
import { githubProvider } from "./providers/github.ts";
import { oidcProvider } from "./providers/oidc.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

interface ServeSettings {
  readonly config: ServiceConfig;
  readonly host: string;
  readonly port: number;
}

export interface EnvironmentReading {
  /** Undefined where there are mistakes. */
  readonly settings: ServeSettings | undefined;
  readonly mistakes: readonly string[];
  /** What works but should not stay so. */
  readonly warnings: readonly string[];
}

const portDefault = 8787;

/** Every variable there is, with what it means; `presync help` prints this. */
export const variables: Readonly<Record<string, string>> = {
  PRESYNC_ENDPOINT: "object store: scheme, host and port, as browsers reach it",
  PRESYNC_REGION: "its region (`auto` where it has none)",
  PRESYNC_BUCKET: "the bucket",
  PRESYNC_ADDRESSING: "`path` (default) or `virtual-host`",
  PRESYNC_READ_KEY_ID: "read-only key, signs GETs",
  PRESYNC_READ_KEY_SECRET: "its secret",
  PRESYNC_WRITE_KEY_ID: "write-only key, signs PUTs",
  PRESYNC_WRITE_KEY_SECRET: "its secret",
  PRESYNC_ADMIN_KEY_ID: "key for the service's own objects: list, read, write",
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
  PRESYNC_GRANT_SECONDS: "how long signed URLs live (default and usual maximum 604800)",
  PRESYNC_GRANT_SECONDS_MAX: "what the store allows at most (default 604800; Tigris 7776000)",
  PRESYNC_HOST: "address to listen on (default 127.0.0.1)",
  PORT: `port to listen on (default ${portDefault})`,
};

export function readEnvironment(environment: Environment): EnvironmentReading {
  const mistakes: string[] = [];
  const warnings: string[] = [];

  /** A variable set to nothing is one that is not set: that is how compose files leave one out. */
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;

  function check(name: string, fault: Fault): void {
    if (fault !== undefined) mistakes.push(`${name} ${fault}`);
  }

  function text(name: string, faultOf: (value: string) => Fault): string {
    const value = read(name);
    if (value === undefined) mistakes.push(`${name} is not set`);
    else check(name, faultOf(value));
    return value ?? "";
  }

  function list(name: string): string[] {
    const values = (read(name) ?? "").split(",").map((value) => value.trim());
    const filled = values.filter((value) => value !== "");
    if (filled.length === 0) mistakes.push(`${name} is not set`);
    return filled;
  }

  function whole(name: string, faultOf: (value: number) => Fault): number | undefined {
    const value = read(name);
    if (value === undefined) return undefined;
    const number = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
    check(name, faultOf(number));
    return number;
  }

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

  /** All of these variables, or undefined where none is set. */
  function together<Name extends string>(
    ...names: readonly Name[]
  ): Record<Name, string> | undefined {
    const values = names.map((name) => [name, read(name)] as const);
    if (values.every(([, value]) => value === undefined)) return undefined;
    for (const [name, value] of values)
      if (value === undefined)
        mistakes.push(
          `${name} is not set, but ${names.filter((other) => other !== name).join(" or ")} is`,
        );
    return Object.fromEntries(values.map(([name, value]) => [name, value ?? ""])) as Record<
      Name,
      string
    >;
  }

  function url(name: string): string | undefined {
    const value = read(name);
    if (value !== undefined) check(name, urlFault(value));
    return value;
  }

  /** Only once everything is known to be right: a provider takes its addresses apart. */
  function readProviders(): () => Provider[] {
    const github = together("PRESYNC_GITHUB_CLIENT_ID", "PRESYNC_GITHUB_CLIENT_SECRET");
    const [githubUrl, githubApiUrl] = [url("PRESYNC_GITHUB_URL"), url("PRESYNC_GITHUB_API_URL")];
    const oidc = together(
      "PRESYNC_OIDC_ISSUER",
      "PRESYNC_OIDC_CLIENT_ID",
      "PRESYNC_OIDC_CLIENT_SECRET",
    );
    const name = read("PRESYNC_OIDC_NAME") ?? "oidc";
    if (oidc !== undefined) {
      if (oidc.PRESYNC_OIDC_ISSUER !== "") url("PRESYNC_OIDC_ISSUER");
      check("PRESYNC_OIDC_NAME", providersFault([name]));
    }
    return () => [
      ...(github === undefined
        ? []
        : [
            githubProvider({
              clientId: github.PRESYNC_GITHUB_CLIENT_ID,
              clientSecret: github.PRESYNC_GITHUB_CLIENT_SECRET,
              ...(githubUrl === undefined ? {} : { url: githubUrl }),
              ...(githubApiUrl === undefined ? {} : { apiUrl: githubApiUrl }),
            }),
          ]),
      ...(oidc === undefined
        ? []
        : [
            oidcProvider({
              name,
              issuer: oidc.PRESYNC_OIDC_ISSUER,
              clientId: oidc.PRESYNC_OIDC_CLIENT_ID,
              clientSecret: oidc.PRESYNC_OIDC_CLIENT_SECRET,
            }),
          ]),
    ];
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
  const port = whole("PORT", portFault);
  const providers = readProviders();

  const longest = grantSecondsMax ?? grantSecondsMaxDefault;
  if (grantSeconds !== undefined && grantSeconds > longest)
    warnings.push(`PRESYNC_GRANT_SECONDS is more than the store allows: ${longest} is used`);
  if (store.write.accessKeyId !== "" && store.write.accessKeyId === store.read.accessKeyId)
    warnings.push(`PRESYNC_WRITE_KEY_ID is the key that also reads. ${keyWarnings.WRITE}`);
  if (isPlainHttp(publicUrl))
    warnings.push("PRESYNC_PUBLIC_URL is not https: sessions and signed URLs travel readable");
  for (const name of Object.keys(environment))
    if (name.startsWith("PRESYNC_") && !(name in variables))
      warnings.push(`${name} is not a setting of this version and is ignored`);

  if (mistakes.length > 0) return { settings: undefined, mistakes, warnings };
  const config: ServiceConfig = {
    publicUrl,
    origins,
    sessionSecrets,
    store,
    providers: providers(),
    ...(sessionSeconds === undefined ? {} : { sessionSeconds }),
    ...(grantSeconds === undefined ? {} : { grantSeconds }),
    ...(grantSecondsMax === undefined ? {} : { grantSecondsMax }),
  };
  const host = read("PRESYNC_HOST") ?? "127.0.0.1";
  return { settings: { config, host, port: port ?? portDefault }, mistakes, warnings };
}

const keyWarnings = {
  READ: "Make a key that can only read and list.",
  WRITE:
    "DANGER: with a key that can also read, whoever holds a signed PUT URL can copy any object of " +
    "any user into the own prefix (unsigned x-amz-copy-source). Make a key that can only write.",
  ADMIN: "Make a key that can list, read and write below @service/ only.",
} as const;

function portFault(port: number): Fault {
  return Number.isInteger(port) && port <= 65_535 ? undefined : "is not a port";
}

function isPlainHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
