/** The embedded development store. Start one with `startStore`; everything else here is a type of its options. */
export { startStore } from "./server.ts";
export type { Store } from "./server.ts";
export type { RequestCount, StoreOptions } from "./options.ts";
export type { Credential, Rights } from "./credentials.ts";
export type { CorsRule } from "./cors.ts";
