/**
 * How the service says no: `{error: {code, message}}` with the status that fits the code. Whatever is not a
 * `PresyncError` is answered as `internal` without its text, which could hold anything.
 */
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { ErrorCode } from "../shared/errors.ts";
import { PresyncError } from "../shared/errors.ts";
import type { RefusalAnswer } from "../shared/sign-in.ts";
import { LimitError } from "./limits.ts";
import type { Log } from "./log.ts";

const statuses: Partial<Record<ErrorCode, ContentfulStatusCode>> = {
  malformed: 400,
  "invalid-argument": 400,
  "unsupported-version": 400,
  unauthenticated: 401,
  denied: 403,
  // Also to clients that know neither code it is a refusal, and the same one whenever they ask.
  quota: 403,
  retired: 403,
  // Something would be lost, and nobody has agreed to that.
  unsaved: 409,
  "too-large": 413,
  retry: 503,
};

/** Long enough for a store to come back from a restart, short enough that nobody notices. */
const retryAfterSeconds = 5;

export function refuse(
  c: Context,
  status: ContentfulStatusCode,
  code: ErrorCode,
  message: string,
): Response {
  const body: RefusalAnswer = { error: { code, message } };
  if (status === 401) c.header("www-authenticate", "Bearer");
  if (status === 503) c.header("retry-after", String(retryAfterSeconds));
  // A person, whom a provider has sent here.
  if (c.req.header("accept")?.includes("text/html")) return c.text(`${message}\n`, status);
  return c.json(body, status);
}

export function refuseError(c: Context, error: unknown, log: Log): Response {
  if (error instanceof LimitError) {
    c.header("retry-after", String(Math.ceil(error.waitMs / 1000)));
    return refuse(c, 429, error.code, error.message);
  }
  const known = error instanceof PresyncError ? error : undefined;
  const status = known === undefined ? undefined : statuses[known.code];
  if (known !== undefined && status !== undefined)
    return refuse(c, status, known.code, known.message);
  log({
    level: "error",
    event: "internal-error",
    // The name and our own messages are safe to show; the message of a foreign error may hold a URL.
    name: error instanceof Error ? error.name : typeof error,
    ...(known === undefined ? {} : { code: known.code, message: known.message }),
  });
  return refuse(c, 500, "internal", "the service made a mistake; it was logged");
}
