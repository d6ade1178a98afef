/**
 * Cross-origin rules of a bucket: which pages may use it, and what they may see of an answer. The headers go on
 * every answer, refusals included: without them a page cannot tell an expired URL from a lost network.
 * Follows "Elements of a CORS configuration" of the S3 user guide: the first rule that fits is the one that counts.
 */
export interface CorsRule {
  /** Exact origins, or patterns with at most one `*`. */
  readonly allowedOrigins: readonly string[];
  /** Of GET, HEAD, PUT, POST, DELETE. */
  readonly allowedMethods: readonly string[];
  /** Request headers, with at most one `*` each; none when left out. */
  readonly allowedHeaders?: readonly string[];
  /** Answer headers a page may read; `defaultExposeHeaders` when left out. */
  readonly exposeHeaders?: readonly string[];
  /** How long a browser may remember a preflight. */
  readonly maxAgeSeconds?: number;
}

/** What a sync client reads: the validator of an object, the store's clock, and when to come back. */
export const defaultExposeHeaders: readonly string[] = ["ETag", "Date", "Retry-After"];

export interface CorsQuestion {
  readonly method: string;
  readonly origin: string | undefined;
  /** The Access-Control-Request-Method of a preflight. */
  readonly requestMethod: string | undefined;
  /** The Access-Control-Request-Headers of a preflight. */
  readonly requestHeaders: string | undefined;
}

export interface CorsAnswer {
  readonly allowed: boolean;
  readonly headers: Readonly<Record<string, string>>;
}

/** Answer headers differ by these request headers, so no cache may give one page the answer of another. */
const vary = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

export function answerCors(rules: readonly CorsRule[], question: CorsQuestion): CorsAnswer {
  const { origin } = question;
  if (rules.length === 0) return { allowed: false, headers: {} };
  const preflight = question.method === "OPTIONS";
  const method = preflight ? question.requestMethod : question.method;
  const wanted = preflight ? listOf(question.requestHeaders) : [];
  const rule =
    origin === undefined || method === undefined
      ? undefined
      : rules.find((each) => ruleFits(each, origin, method, wanted));
  if (rule === undefined || origin === undefined)
    return { allowed: false, headers: { Vary: vary } };
  const headers: Record<string, string> = {
    Vary: vary,
    "Access-Control-Allow-Origin": rule.allowedOrigins.includes("*") ? "*" : origin,
    "Access-Control-Expose-Headers": (rule.exposeHeaders ?? defaultExposeHeaders).join(", "),
  };
  if (preflight) {
    headers["Access-Control-Allow-Methods"] = rule.allowedMethods.join(", ");
    if (wanted.length > 0) headers["Access-Control-Allow-Headers"] = wanted.join(", ");
    if (rule.maxAgeSeconds !== undefined)
      headers["Access-Control-Max-Age"] = String(rule.maxAgeSeconds);
  }
  return { allowed: true, headers };
}

function ruleFits(
  rule: CorsRule,
  origin: string,
  method: string,
  wanted: readonly string[],
): boolean {
  const allowedHeaders = (rule.allowedHeaders ?? []).map((name) => name.toLowerCase());
  return (
    rule.allowedOrigins.some((pattern) => patternFits(pattern, origin)) &&
    rule.allowedMethods.includes(method) &&
    wanted.every((name) => allowedHeaders.some((pattern) => patternFits(pattern, name)))
  );
}

function patternFits(pattern: string, text: string): boolean {
  const star = pattern.indexOf("*");
  if (star < 0) return pattern === text;
  const head = pattern.slice(0, star);
  const tail = pattern.slice(star + 1);
  return text.length >= head.length + tail.length && text.startsWith(head) && text.endsWith(tail);
}

function listOf(header: string | undefined): string[] {
  return (header ?? "")
    .toLowerCase()
    .split(",")
    .map((name) => name.trim())
    .filter((name) => name !== "");
}
