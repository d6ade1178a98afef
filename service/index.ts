/** The package's entry `presync/service`: the service as a Hono app, for any fetch-style runtime. */
export type { AccessKey, Addressing, ServiceConfig, StoreConfig } from "./config.ts";
export { createService } from "./create-service.ts";
export type { Log, LogEvent, LogLevel } from "./log.ts";
