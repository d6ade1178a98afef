/** Whether there is a store at the address, with the time of day and the bucket. */
import type { HttpAnswer } from "../dev-store/conformance/client.ts";
import { codeOf } from "../dev-store/conformance/client.ts";
import type { Bench } from "./bench.ts";
import type { Check, KeyRole, Outcome } from "./check.ts";
import { error, keyRoles, note, ok, warning } from "./check.ts";
import { keyFault, keyVariable, statusText } from "./refusals.ts";

/** Beyond this, URLs visibly begin and end at other times than the service says. */
const clockMsWarn = 60_000;
/** The most that SigV4 allows clocks to differ by. */
const clockMsMax = 15 * 60_000;

const loopback: ReadonlySet<string> = new Set(["localhost", "127.0.0.1", "[::1]"]);

async function checkEndpoint({ store, origins, send }: Bench): Promise<Outcome> {
  const { protocol, hostname } = new URL(store.endpoint);
  await send(`${store.endpoint}/`);
  const secure = origins.find((origin) => origin.startsWith("https:"));
  if (protocol === "http:" && secure !== undefined && !loopback.has(hostname))
    return error(
      `browsers do not let a page of ${secure} use a store that is not https`,
      "Give the store a certificate, and PRESYNC_ENDPOINT an https address.",
    );
  // Any status will do: a store need not have anything at its root.
  return ok("the endpoint answers");
}

async function checkClock({ store, send }: Bench): Promise<Outcome> {
  const before = Date.now();
  const answer = await send(`${store.endpoint}/`);
  const ours = (before + Date.now()) / 2;
  const theirs = Date.parse(answer.headers.date ?? "");
  if (Number.isNaN(theirs))
    return warning(
      "the store does not say what time it is",
      "See that no proxy in front of the store removes the Date header.",
    );
  const differenceMs = theirs - ours;
  const amountMs = Math.abs(differenceMs);
  const mend = "Set both clocks by a time server (NTP): a signature holds only for its time.";
  const says = `the store's clock is ${spoken(amountMs)} ${differenceMs < 0 ? "behind" : "ahead of"} this machine's`;
  if (amountMs > clockMsMax) return error(says, mend);
  if (amountMs > clockMsWarn) return warning(says, mend);
  return ok("the store's clock and this machine's agree");
}

function spoken(ms: number): string {
  const seconds = Math.round(ms / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}

/** Reads what is not there: the plainest request there is, and the refusal tells why. */
function askMissing({ clients, missingKey }: Bench, role: KeyRole): Promise<HttpAnswer> {
  return clients[role].get(missingKey(role));
}

async function checkBucket(bench: Bench): Promise<Outcome> {
  const { store } = bench;
  let seen = false;
  for (const role of keyRoles) {
    // One after the other: the first that tells is enough.
    const answer = await askMissing(bench, role);
    if (codeOf(answer) === "NoSuchBucket")
      return error(
        `there is no bucket ${store.bucket}`,
        "Make it in the store's console, or correct PRESYNC_BUCKET, PRESYNC_ENDPOINT and PRESYNC_ADDRESSING.",
      );
    if (answer.status >= 300 && answer.status < 400 && answer.status !== 304)
      return error(
        `the bucket ${store.bucket} is not at this endpoint (${statusText(answer)})`,
        "Set PRESYNC_ENDPOINT and PRESYNC_REGION to those of the bucket's own region.",
      );
    const malformed =
      codeOf(answer) === "AuthorizationHeaderMalformed" ||
      codeOf(answer) === "AuthorizationQueryParametersError";
    if (malformed) {
      const region = /<Region>([A-Za-z0-9-]{1,64})<\/Region>/.exec(answer.text)?.[1];
      return error(
        `signatures for the region ${store.region} are not accepted (${statusText(answer)})`,
        region === undefined
          ? "Set PRESYNC_REGION to the bucket's region."
          : `Set PRESYNC_REGION=${region}, which the store names.`,
      );
    }
    seen ||= answer.status === 404;
  }
  return seen
    ? ok(`there is a bucket ${store.bucket}`)
    : note(`no key may tell whether there is a bucket ${store.bucket}; the next lines say more`);
}

function checkKey(role: KeyRole): Check {
  return {
    id: `${role}-key`,
    needs: ["bucket"],
    run: async (bench) =>
      keyFault(bench, role, await askMissing(bench, role)) ??
      ok(`the ${role} key ${keyVariable(role)} is accepted`),
  };
}

export const reachChecks: readonly Check[] = [
  { id: "endpoint", needs: [], run: checkEndpoint },
  { id: "clock", needs: ["endpoint"], run: checkClock },
  { id: "bucket", needs: ["clock"], run: checkBucket },
  ...keyRoles.map(checkKey),
];
