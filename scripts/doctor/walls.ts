/** What each of the three keys must not be able to do, so that one that is stolen or misused is worth little. */
import type { Bench } from "./bench.ts";
import { grantedPut, isGood, probeKeys } from "./bench.ts";
import type { Check, Found, KeyRole, Outcome } from "./check.ts";
import { error, keyRoles, ok, warning } from "./check.ts";
import { keyVariable } from "./refusals.ts";

async function readKeyCannotWrite(bench: Bench): Promise<Outcome> {
  const { clients, textOf } = bench;
  const answer = await clients.read.call(grantedPut(probeKeys.attacker), textOf("read key"));
  return isGood(answer)
    ? warning(
        "the read key may also write",
        `Take the right to write from the read key: who gets hold of it could destroy everything. ${bench.profile.keys}`,
        "policy",
      )
    : ok("the read key cannot write");
}

async function writeKeyCannotRead(bench: Bench, found: Found): Promise<Outcome> {
  const { clients, profile } = bench;
  const readable: string[] = [];
  for (const [key, whose] of [
    [probeKeys.victim, "what it has written itself"],
    [probeKeys.service, "what the service has written"],
  ] as const)
    if (isGood(await clients.write.get(key))) readable.push(whose);
  if (readable.length === 0) return ok("the write key cannot read");
  const says = `the write key may read ${readable.join(" and ")}`;
  const mend = `Take the right to read from the write key. ${profile.keys}`;
  // A store that lets nobody copy with a signed URL makes this a line of defence that is missing, and no hole.
  return found("attack.copy-source") === "ok"
    ? warning(
        `${says}; only the store's refusal of unsigned headers stops an attack`,
        mend,
        "policy",
      )
    : error(`${says}: a signed PUT then copies other users' objects`, mend, "policy");
}

async function writeKeyCannotList({ clients, profile }: Bench): Promise<Outcome> {
  return isGood(await clients.write.list({ "max-keys": "1" }))
    ? warning(
        "the write key may list the bucket",
        `Take the right to list from the write key. ${profile.keys}`,
        "policy",
      )
    : ok("the write key cannot list");
}

async function keysDiffer({ store, profile }: Bench, found: Found): Promise<readonly Outcome[]> {
  const sameAs = (a: KeyRole, b: KeyRole): boolean => store[a].accessKeyId === store[b].accessKeyId;
  const pairs = keyRoles.flatMap((a, at) =>
    keyRoles
      .slice(at + 1)
      .flatMap((b): (readonly [KeyRole, KeyRole])[] => (sameAs(a, b) ? [[a, b]] : [])),
  );
  if (pairs.length === 0) return [ok("the three keys are different ones")];
  return pairs.map(([a, b]) => {
    const says = `${keyVariable(a)} and ${keyVariable(b)} are the same key`;
    const isHole = (a === "write" || b === "write") && found("attack.copy-source") === "error";
    return isHole
      ? error(
          `${says}, so whoever holds a signed PUT can copy what that key may read`,
          `Make a key that can only write. ${profile.keys}`,
          "policy",
        )
      : warning(says, `Make a key for each purpose. ${profile.keys}`, "policy");
  });
}

/** After the attacks, whose success makes an error of a warning. */
export const wallChecks: readonly Check[] = [
  { id: "write-key.read", needs: ["write-key.write"], run: writeKeyCannotRead },
  { id: "write-key.list", needs: ["write-key"], run: writeKeyCannotList },
  { id: "read-key.write", needs: ["read-key"], run: readKeyCannotWrite },
  { id: "keys.different", needs: [], run: keysDiffer },
];
