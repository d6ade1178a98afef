/** How soon one key may be written again. No fault either way: the worker waits as long as it is told to. */
import type { Bench } from "./bench.ts";
import { grantedHeaders, grantedPut, isBusy, probeKeys } from "./bench.ts";
import type { Check, Outcome } from "./check.ts";
import { note, ok } from "./check.ts";

/** More than a store that allows one write per second takes at once, however slow the way to it. */
const writes = 5;

async function writeInterval({ clients, profile, sendOnce, textOf }: Bench): Promise<Outcome> {
  const url = await clients.write.presign(grantedPut(probeKeys.attacker));
  const body = textOf("write interval");
  const answers = await Promise.all(
    Array.from({ length: writes }, () =>
      sendOnce(url, { method: "PUT", headers: grantedHeaders, body }),
    ),
  );
  const refused = answers.find(isBusy);
  if (refused !== undefined)
    return note(
      `the store refuses quick writes of one key (${refused.status}); a device then saves about once a second`,
    );
  return profile.writeIntervalMs > 0
    ? note(
        `${profile.title} allows one write of a key per ${profile.writeIntervalMs / 1000} s, though it took ${writes} at once now`,
      )
    : ok(`one key may be written ${writes} times at once`);
}

export const paceChecks: readonly Check[] = [
  { id: "write-interval", needs: ["write-key.write"], run: writeInterval },
];
