/** The end of a run: what was written is removed, where that is allowed. */
import type { Bench } from "./bench.ts";
import { isGood, probeKeys } from "./bench.ts";
import type { Check, Found, Outcome } from "./check.ts";
import { note, ok, skipped, warning } from "./check.ts";

async function writeKeyDeletes({ clients }: Bench): Promise<Outcome> {
  return isGood(await clients.write.delete(probeKeys.attacker))
    ? note("the write key may also delete; no signed URL can, but who gets hold of the key could")
    : ok("the write key cannot delete");
}

async function removeProbes({ clients }: Bench, found: Found): Promise<Outcome> {
  if (found("write-key.write") !== "ok" && found("admin-key.write") !== "ok")
    return skipped("nothing was written");
  if (found("admin-key") !== "ok")
    return skipped("what was written stays: the admin key is not accepted");
  const left: string[] = [];
  for (const key of Object.values(probeKeys)) {
    const answer = await clients.admin.delete(key);
    if (!isGood(answer) && answer.status !== 404) left.push(key);
  }
  return left.length === 0
    ? ok("what the doctor wrote is removed again")
    : warning(
        `the admin key may not delete, so a line of text stays in each of ${left.join(", ")}`,
        "Give the admin key the right to delete objects (s3:DeleteObject): without it no user can remove a device, or " +
          "delete what is theirs.",
        "policy",
      );
}

export const leaveChecks: readonly Check[] = [
  { id: "write-key.delete", needs: ["write-key.write"], run: writeKeyDeletes },
  { id: "left-behind", needs: ["bucket"], run: removeProbes },
];
