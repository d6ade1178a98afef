/** `presync serve`: the service alone, configured by environment. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readEnvironment } from "../../service/environment.ts";
import type { Log } from "../../service/log.ts";
import type { Metrics } from "../../service/metrics.ts";
import { createMetrics } from "../../service/metrics.ts";
import type { Environment } from "../../service/settings-reader.ts";
import type { Listening } from "../../service/node.ts";
import { jsonLinesLog, listen } from "../../service/node.ts";
import { createMemoryLimits } from "../../service/rate-limits.ts";
import { connectRedis } from "../../service/redis.ts";
import { PresyncError } from "../../shared/errors.ts";
import { closeServer, listenOn } from "./ports.ts";

export interface Serving extends Listening {
  /** Where metrics are read; undefined without any. */
  readonly metricsUrl: string | undefined;
}

/** Throws `invalid-argument` with a line for each mistake in the environment. */
export async function startService(
  environment: Environment,
  warn: (line: string) => void,
  write: Log = jsonLinesLog,
): Promise<Serving> {
  const { settings, mistakes, warnings } = readEnvironment(environment);
  for (const warning of warnings) warn(`warning: ${warning}`);
  if (settings === undefined) throw new PresyncError("invalid-argument", mistakes.join("\n"));
  const { config, host, port, redisUrl, proxies, metricsPort } = settings;
  if (config.publicUrl.startsWith("https:") && proxies === undefined)
    warn("warning: PRESYNC_PROXIES is not set: behind a proxy all clients count as one for limits");
  const metrics = metricsPort === undefined ? undefined : createMetrics();
  const log: Log = (event) => {
    write(event);
    metrics?.count(event);
  };
  const shared = redisUrl === undefined ? undefined : connectRedis(redisUrl, log);
  const { limits = createMemoryLimits(), claims = null } = shared ?? {};
  const hints = { ...config.hints, ...(shared === undefined ? {} : { bus: shared.bus }) };
  const closers: (() => Promise<void> | void)[] = [() => shared?.close()];
  const close = async (): Promise<void> => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) await closer();
  };
  try {
    const listening = await listen({ ...config, hints, log, limits, claims }, { host, port });
    closers.push(() => listening.close());
    const reader = metrics && (await startMetrics(metrics, host, metricsPort!));
    if (reader !== undefined) closers.push(() => reader.close());
    return { ...listening, metricsUrl: reader?.url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** Apart from the service, so that its port need not be open to everybody. */
async function startMetrics(
  metrics: Metrics,
  host: string,
  port: number,
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.url !== "/metrics") {
      response.writeHead(404).end();
      return;
    }
    metrics.text().then(
      (text) => response.writeHead(200, { "content-type": metrics.contentType }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await listenOn(server, port, host);
  const address = server.address() as AddressInfo;
  const name = host.includes(":") ? `[${host}]` : host;
  return { url: `http://${name}:${address.port}/metrics`, close: () => closeServer(server) };
}
