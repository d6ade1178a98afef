/** ETags and the conditional GET, on which polling rests: what has not changed costs a 304 and no body. */
import type { Bench } from "./bench.ts";
import { grantedPut, probeKeys } from "./bench.ts";
import type { Check, Outcome } from "./check.ts";
import { error, ok, warning } from "./check.ts";
import { statusText } from "./refusals.ts";

async function etagTells({ clients, textOf }: Bench): Promise<Outcome> {
  const etagOf = async (): Promise<string | undefined> =>
    (await clients.read.get(probeKeys.attacker)).headers.etag;
  await clients.write.call(grantedPut(probeKeys.attacker), textOf("one"));
  const [one, again] = [await etagOf(), await etagOf()];
  await clients.write.call(grantedPut(probeKeys.attacker), textOf("two"));
  const two = await etagOf();
  const mend = "See that no cache or proxy in front of the store removes or rewrites the ETag.";
  if (one === undefined || two === undefined)
    return error("objects have no ETag, so a change is not noticed", mend);
  if (one === two)
    return error(
      "the ETag stays the same when the content changes, so a change is not noticed",
      mend,
    );
  return one === again
    ? ok("the ETag changes with the content")
    : warning("the ETag changes though the content does not, so all is read again and again", mend);
}

async function conditionalGet({ clients }: Bench): Promise<Outcome> {
  const first = await clients.read.get(probeKeys.victim);
  const second = await clients.read.get(probeKeys.victim, {
    "if-none-match": first.headers.etag ?? "",
  });
  return second.status === 304
    ? ok("a GET of what has not changed answers 304")
    : warning(
        `a GET of what has not changed answers ${statusText(second)}, and not 304`,
        "See that no proxy in front of the store removes If-None-Match: each poll now costs a whole object.",
      );
}

export const conditionChecks: readonly Check[] = [
  { id: "etag", needs: ["read-key.read"], run: etagTells },
  { id: "conditional-get", needs: ["etag"], run: conditionalGet },
];
