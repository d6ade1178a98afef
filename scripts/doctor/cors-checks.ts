/** Whether the pages of the app may use the bucket from a browser and see what they need, and no other page may. */
import type { HttpAnswer } from "../dev-store/conformance/client.ts";
import type { Bench } from "./bench.ts";
import { grantedPut, isGood, probeKeys } from "./bench.ts";
import type { Check, Outcome } from "./check.ts";
import { error, ok, warning } from "./check.ts";

const mend = "Give the bucket the CORS rules below, or let `presync doctor --fix` do it.";

/** Nobody's, and nobody's for ever: RFC 2606 reserves `.invalid`. */
const foreignOrigin = "https://presync-doctor.invalid";

/** Below ten minutes a device that writes now and then pays a preflight for nearly each PUT. */
const maxAgeSecondsMin = 600;

/** Whoever polls compares it. */
const exposedNeeded = "etag";
/** Tells an expired URL from a wrong clock. */
const exposedWanted = "date";

async function preflight(bench: Bench, method: "GET" | "PUT", origin: string): Promise<HttpAnswer> {
  const { clients, send } = bench;
  const url =
    method === "PUT"
      ? await clients.write.presign(grantedPut(probeKeys.attacker))
      : await clients.read.presign({ key: probeKeys.victim });
  return send(url, {
    method: "OPTIONS",
    headers: {
      origin,
      "access-control-request-method": method,
      "access-control-request-headers": "content-type",
    },
  });
}

async function readAs({ clients }: Bench, origin: string, key: string): Promise<HttpAnswer> {
  return clients.read.get(key, { origin });
}

function allows(answer: HttpAnswer, origin: string): boolean {
  return [origin, "*"].includes(answer.headers["access-control-allow-origin"] ?? "");
}

function listed(answer: HttpAnswer, header: string): readonly string[] {
  const value = answer.headers[header];
  return (typeof value === "string" ? value : "").toLowerCase().split(/[ ,]+/);
}

function lists(answer: HttpAnswer, header: string, name: string): boolean {
  const names = listed(answer, header);
  return names.includes(name) || names.includes("*");
}

async function originIsAllowed(bench: Bench, origin: string): Promise<Outcome> {
  const faults: string[] = [];
  for (const method of ["PUT", "GET"] as const) {
    const answer = await preflight(bench, method, origin);
    if (!isGood(answer) || !allows(answer, origin))
      faults.push(`may not ${method} with a content type`);
    else if (
      method === "PUT" &&
      !(
        lists(answer, "access-control-allow-methods", "put") &&
        lists(answer, "access-control-allow-headers", "content-type")
      )
    )
      faults.push("may not PUT with a content type");
  }
  if (!allows(await readAs(bench, origin, probeKeys.victim), origin))
    faults.push("may not see what a GET answers");
  else if (!allows(await readAs(bench, origin, bench.missingKey("read")), origin))
    faults.push("cannot tell a missing object from a lost network");
  return faults.length === 0
    ? ok(`pages of ${origin} may use the bucket`)
    : error(`a page of ${origin} ${faults.join(", ")}`, mend, "cors");
}

async function originsAreAllowed(bench: Bench): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  for (const origin of bench.origins) outcomes.push(await originIsAllowed(bench, origin));
  return outcomes;
}

async function foreignIsNot(bench: Bench): Promise<Outcome> {
  const answers = [
    await preflight(bench, "PUT", foreignOrigin),
    await readAs(bench, foreignOrigin, probeKeys.victim),
  ];
  return answers.some((answer) => isGood(answer) && allows(answer, foreignOrigin))
    ? warning(
        "pages of any origin may use the bucket, if they come by a signed URL",
        "Name the origins of PRESYNC_ORIGINS in the CORS rules instead of a wildcard; --fix leaves such a rule alone.",
        "cors",
      )
    : ok("pages of other origins may not use the bucket");
}

async function headersAreExposed(bench: Bench): Promise<Outcome> {
  const missing = new Set<string>();
  for (const origin of bench.origins) {
    const answer = await readAs(bench, origin, probeKeys.victim);
    for (const name of [exposedNeeded, exposedWanted])
      if (!lists(answer, "access-control-expose-headers", name)) missing.add(name);
  }
  if (missing.has(exposedNeeded))
    return error(
      "pages do not see the ETag of an object, so they read all of it each time",
      mend,
      "cors",
    );
  return missing.size === 0
    ? ok("pages see ETag and Date")
    : warning("pages do not see the Date of an answer, and so not the store's clock", mend, "cors");
}

async function preflightsLast(bench: Bench): Promise<Outcome> {
  let least = Infinity;
  for (const origin of bench.origins) {
    const answer = await preflight(bench, "PUT", origin);
    const text = answer.headers["access-control-max-age"] ?? "";
    least = Math.min(least, /^\d{1,9}$/.test(text) ? Number(text) : 0);
  }
  if (least >= maxAgeSecondsMin) return ok(`browsers may remember a preflight for ${least} s`);
  return warning(
    least === 0
      ? "the CORS rules do not say how long a preflight may be remembered"
      : `browsers may remember a preflight for ${least} s only`,
    `Each PUT then costs a second request. ${mend}`,
    "cors",
  );
}

export const corsChecks: readonly Check[] = [
  { id: "cors.origin", needs: ["read-key.read"], run: originsAreAllowed },
  { id: "cors.foreign", needs: ["read-key.read"], run: foreignIsNot },
  { id: "cors.exposed", needs: ["cors.origin"], run: headersAreExposed },
  { id: "cors.max-age", needs: ["cors.origin"], run: preflightsLast },
];
