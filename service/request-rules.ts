/** How large a request may be, and how often one client may come, by what it is for. */
import type { Context, MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import type { CheckedConfig } from "./config.ts";
import { limit } from "./limits.ts";
import { refuse } from "./refusal.ts";
import { showsSecret } from "./hints/store-secret.ts";

/** The largest request of most holds a key, a challenge and a signature: under 400 bytes. */
const requestBytesMax = 4096;

/** A signal's payload, quoted. */
const signalRequestBytesMax = 12_288;

/** A batch of a store's events; each has about a kilobyte. */
const storeEventsBytesMax = 262_144;

export interface RequestRules {
  readonly size: MiddlewareHandler;
  readonly rate: MiddlewareHandler;
}

export function requestRules(config: CheckedConfig): RequestRules {
  const [ordinary, signals, storeEvents] = [
    requestBytesMax,
    signalRequestBytesMax,
    storeEventsBytesMax,
  ].map((maxSize) =>
    bodyLimit({
      maxSize,
      onError: (c) => refuse(c, 413, "too-large", `a request has at most ${maxSize} bytes`),
    }),
  ) as [MiddlewareHandler, MiddlewareHandler, MiddlewareHandler];

  /** Whoever does not show the secret sends no more than anybody else. */
  const isStore = async (c: Context): Promise<boolean> =>
    isOf(c, "/v1/store-events") &&
    showsSecret(c.req.header("authorization"), config.hints.storeEventsSecret);

  return {
    size: async (c, next) => {
      if (isOf(c, "/v1/signals")) return signals(c, next);
      return (await isStore(c)) ? storeEvents(c, next) : ordinary(c, next);
    },
    rate: async (c, next) => {
      const isHint = isOf(c, "/v1/hints") || isOf(c, "/v1/signals");
      // A store is one client, and has something to say of every write there is.
      if (!(await isStore(c)))
        await limit(config.limits, isHint ? "hint-requests" : "requests", config.clientOf(c));
      await next();
    },
  };
}

/** Wherever the service is mounted. */
function isOf(c: Context, path: string): boolean {
  return c.req.path.endsWith(path);
}
