/** Nobody without a key may do anything at all. */
import type { Bench } from "./bench.ts";
import { isGood, probeKeys, unsigned } from "./bench.ts";
import type { Check, Outcome } from "./check.ts";
import { error, ok } from "./check.ts";

const mend =
  "Make the bucket private: block public access, and remove public ACLs, anonymous policies and public domains.";

async function anonymousRead({ clients, send, textOf }: Bench): Promise<Outcome> {
  const url = unsigned(await clients.read.presign({ key: probeKeys.victim }));
  const answer = await send(url);
  return isGood(answer) && answer.text === textOf("victim")
    ? error("anybody may read objects, without any key", mend)
    : ok("nobody reads without a key");
}

async function anonymousList({ clients, send }: Bench): Promise<Outcome> {
  const bucket = unsigned(await clients.read.presign({}));
  for (const query of ["?list-type=2", ""])
    if (isListing(await send(bucket + query)))
      return error("anybody may list the bucket, without any key", mend);
  return ok("nobody lists without a key");
}

async function anonymousWrite({ clients, send, textOf }: Bench): Promise<Outcome> {
  const url = unsigned(await clients.write.presign({ method: "PUT", key: probeKeys.attacker }));
  const body = textOf("anonymous");
  const answer = await send(url, { method: "PUT", body });
  // A web server in front may answer 200 to anything; what counts is what is there then.
  const written = isGood(answer) && (await clients.read.get(probeKeys.attacker)).text === body;
  return written
    ? error("anybody may write objects, without any key", mend)
    : ok("nobody writes without a key");
}

export function isListing(answer: { readonly text: string }): boolean {
  return /<ListBucketResult[\s>]/.test(answer.text);
}

export const anonymousChecks: readonly Check[] = [
  { id: "anonymous.read", needs: ["read-key.read"], run: anonymousRead },
  { id: "anonymous.list", needs: ["bucket"], run: anonymousList },
  { id: "anonymous.write", needs: ["read-key.read"], run: anonymousWrite },
];
