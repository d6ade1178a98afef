/** The package's entry `presync/service`: the service as a Hono app, for any fetch-style runtime. */
export type { AccessKey, Addressing, ServiceConfig, StoreConfig } from "./config.ts";
export { createService } from "./create-service.ts";
export type { Claims } from "./claims.ts";
export type { BusListener, BusMessage, HintBus } from "./hints/bus.ts";
export { createMemoryBus } from "./hints/memory-bus.ts";
export type { HintOptions } from "./hints/settings.ts";
export type { Allowance, LimitName, Limits } from "./limits.ts";
export { allowances } from "./limits.ts";
export type { Log, LogEvent, LogLevel } from "./log.ts";
export type { EmailSettings, Mail, Mailer } from "./mailer.ts";
export type { Provider, ProviderRequest } from "./provider.ts";
export type { OAuthClient } from "./providers/code-exchange.ts";
export type { GithubOptions } from "./providers/github.ts";
export { githubProvider } from "./providers/github.ts";
export type { OidcOptions } from "./providers/oidc.ts";
export { oidcProvider } from "./providers/oidc.ts";
