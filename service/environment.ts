/** The settings of `presync serve`, from environment variables. */
import type { Context } from "hono";
import { clientAddress } from "./client-address.ts";
import { configVariables, readConfig } from "./config-settings.ts";
import type { ServiceConfig } from "./config.ts";
import { readEmail } from "./email-settings.ts";
import type { Fault } from "./faults.ts";
import type { Environment } from "./settings-reader.ts";
import { createSettingsReader } from "./settings-reader.ts";

interface ServeSettings {
  readonly config: ServiceConfig;
  readonly host: string;
  readonly port: number;
  /** Of the Redis that instances share. */
  readonly redisUrl: string | undefined;
  /** How many proxies stand in front, if that was said. */
  readonly proxies: number | undefined;
  /** Where metrics are to be read. */
  readonly metricsPort: number | undefined;
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
  ...configVariables,
  PRESYNC_SMTP_URL: "sign-in with a mailed link: smtps://user:password@host:465",
  PRESYNC_MAIL_FROM: "who the mails are from: `Notes <no-reply@example.com>`",
  PRESYNC_APP_NAME: "what the mails call the app (default: the host of the page that asked)",
  PRESYNC_PROXIES: "how many proxies stand in front and set X-Forwarded-For (default 0)",
  PRESYNC_REDIS_URL:
    "several instances share limits and hints there: redis://… (default: each alone)",
  PRESYNC_METRICS_PORT: "port for Prometheus, at /metrics (default: none)",
  PRESYNC_HOST: "address to listen on (default 127.0.0.1)",
  PORT: `port to listen on (default ${portDefault})`,
};

export function readEnvironment(environment: Environment): EnvironmentReading {
  const reader = createSettingsReader(environment);
  const { mistakes, warnings, read, check, whole } = reader;
  const config = readConfig(reader);
  const port = whole("PORT", portFault);
  const metricsPort = whole("PRESYNC_METRICS_PORT", portFault);
  const redisUrl = read("PRESYNC_REDIS_URL");
  if (redisUrl !== undefined) check("PRESYNC_REDIS_URL", redisFault(redisUrl));
  const proxies = whole("PRESYNC_PROXIES", proxiesFault);
  const email = readEmail(reader);

  for (const name of Object.keys(environment))
    if (name.startsWith("PRESYNC_") && !(name in variables))
      warnings.push(`${name} is not a setting of this version and is ignored`);

  if (mistakes.length > 0) return { settings: undefined, mistakes, warnings };
  const host = read("PRESYNC_HOST") ?? "127.0.0.1";
  const settings = {
    config: {
      ...config(),
      email: email?.() ?? null,
      clientOf: (c: Context) => clientAddress(c, proxies ?? 0),
    },
    host,
    port: port ?? portDefault,
    redisUrl,
    proxies,
    metricsPort,
  };
  return { settings, mistakes, warnings };
}

function redisFault(text: string): Fault {
  const isRedis = URL.canParse(text) && ["redis:", "rediss:"].includes(new URL(text).protocol);
  return isRedis ? undefined : "is no redis or rediss URL";
}

function proxiesFault(proxies: number): Fault {
  return Number.isInteger(proxies) && proxies <= 10 ? undefined : "is no number up to 10";
}

function portFault(port: number): Fault {
  return Number.isInteger(port) && port <= 65_535 ? undefined : "is not a port";
}
