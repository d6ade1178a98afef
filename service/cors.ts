/**
 * Which browser pages may call. Origins are compared exactly; a foreign one gets no CORS header, and whatever it
 * asks to change is refused before it is looked at. Callers without an Origin (a Node replica, curl) pass, unless
 * their other headers say that they are a browser on a foreign page: browsers send an Origin with every POST.
 */
import type { MiddlewareHandler } from "hono";
import { refuse } from "./refusal.ts";

/** Chromium remembers a preflight for two hours at most; asking for more gains nothing. */
const preflightSecondsMax = 7200;

const readOnlyMethods: ReadonlySet<string> = new Set(["GET", "HEAD"]);
/** What Sec-Fetch-Site says where no foreign page is involved. */
const ownSites: ReadonlySet<string | undefined> = new Set([undefined, "same-origin", "none"]);

export function cors(origins: ReadonlySet<string>): MiddlewareHandler {
  return async (c, next) => {
    const origin = c.req.header("origin");
    const allowed = origin !== undefined && origins.has(origin);
    if (c.req.method === "OPTIONS") {
      c.res = allowed
        ? c.body(null, 204, {
            "access-control-allow-methods": "GET, POST",
            "access-control-allow-headers": "authorization, content-type, last-event-id",
            "access-control-max-age": String(preflightSecondsMax),
          })
        : refuse(c, 403, "denied", "this origin may not call the service");
    } else if (
      !readOnlyMethods.has(c.req.method) &&
      (origin === undefined ? !ownSites.has(c.req.header("sec-fetch-site")) : !allowed)
    ) {
      c.res = refuse(c, 403, "denied", "this origin may not call the service");
    } else {
      await next();
    }
    c.header("vary", "Origin", { append: true });
    if (!allowed) return;
    c.header("access-control-allow-origin", origin);
    c.header("access-control-expose-headers", "date, retry-after");
  };
}
