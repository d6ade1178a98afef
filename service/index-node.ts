/** The package's entry `presync/service/node`: what the service's config can be given on Node. */
export { clientAddress } from "./client-address.ts";
export type { ListenOptions, Listening } from "./node.ts";
export { jsonLinesLog, listen } from "./node.ts";
export type { Metrics } from "./metrics.ts";
export { createMetrics } from "./metrics.ts";
export { createMemoryLimits } from "./rate-limits.ts";
export type { SharedState } from "./redis.ts";
export { connectRedis } from "./redis.ts";
export type { Sender, SmtpOptions } from "./smtp-mailer.ts";
export { createSmtpMailer } from "./smtp-mailer.ts";
