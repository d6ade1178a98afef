/**
 * The package's entry `presync/service/cloudflare`: the service as a Cloudflare Worker, configured by its variables and
 * secrets. Mail and limits are whatever the one who deploys it has there: without them, there are none.
 */
import type { Hono } from "hono";
import { PresyncError } from "../shared/errors.ts";
import { readConfig } from "./config-settings.ts";
import type { ServiceConfig } from "./config.ts";
import { createService } from "./create-service.ts";
import type { Log } from "./log.ts";
import type { Environment } from "./settings-reader.ts";
import { createSettingsReader } from "./settings-reader.ts";

export interface CloudflareWorker {
  fetch(request: Request, environment: object, context?: object): Promise<Response>;
}

/** One line of JSON for each event, which Cloudflare's logs take apart. */
const consoleLog: Log = (event) => console.log(JSON.stringify(event));

/** With more than variables can say: a mailer, limits, providers of your own. */
export function createCloudflareWorker(
  more: (environment: object) => Partial<ServiceConfig> = () => ({}),
): CloudflareWorker {
  /** An isolate serves many requests, all with the same variables. */
  let service: Hono | undefined;
  const serviceFor = (environment: object): Hono => {
    const reader = createSettingsReader(environment as Environment);
    const config = readConfig(reader);
    for (const warning of reader.warnings) consoleLog({ level: "warn", event: "setting", warning });
    if (reader.mistakes.length > 0)
      throw new PresyncError("invalid-argument", reader.mistakes.join("; "));
    const own = config();
    const given = more(environment);
    return createService({
      log: consoleLog,
      clientOf: (c) => c.req.header("cf-connecting-ip") ?? "",
      ...own,
      ...given,
      // Isolates are instances that share nothing, and a stream lives in the context of the request that has opened it.
      hints: { isOn: given.hints?.bus !== undefined, ...own.hints, ...given.hints },
    });
  };
  return {
    async fetch(request, environment) {
      try {
        service ??= serviceFor(environment);
      } catch (error) {
        // Which variable is wrong is for the one who deploys it, and for nobody else.
        const message = error instanceof PresyncError ? error.message : String(error);
        consoleLog({ level: "error", event: "settings-wrong", message });
        return new Response("the service is not set up\n", { status: 500 });
      }
      return service.fetch(request, environment);
    },
  };
}

const worker: CloudflareWorker = createCloudflareWorker();

// oxlint-disable-next-line import/no-default-export -- Cloudflare looks for it
export default worker;
