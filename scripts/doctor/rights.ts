/** What each of the three keys must be able to do. */
import { listPage } from "../../service/list-answer.ts";
import type { Bench } from "./bench.ts";
import { grantedPut, isGood, probeKeys } from "./bench.ts";
import type { Check, Outcome } from "./check.ts";
import { error, ok } from "./check.ts";
import { rightMissing, statusText } from "./refusals.ts";

const serviceContentType = { "content-type": "application/json" } as const;

/** What the checks after this one read, copy and attack. */
async function writeKeyWrites(bench: Bench): Promise<Outcome> {
  const { clients, textOf } = bench;
  const answer = await clients.write.call(grantedPut(probeKeys.victim), textOf("victim"));
  return isGood(answer)
    ? ok("the write key writes objects")
    : rightMissing(bench, "write", "write objects", answer);
}

async function adminKeyWrites(bench: Bench): Promise<Outcome> {
  const { clients, textOf } = bench;
  const answer = await clients.admin.callWithHeader(
    { method: "PUT", key: probeKeys.service, headers: serviceContentType },
    textOf("service"),
  );
  return isGood(answer)
    ? ok("the admin key writes below @service/")
    : rightMissing(bench, "admin", "write objects below @service/", answer);
}

function keyReads(role: "read" | "admin", key: string, what: string): Check["run"] {
  return async (bench) => {
    const answer = await bench.clients[role].get(key);
    if (!isGood(answer))
      return rightMissing(
        bench,
        role,
        role === "read" ? "read objects" : "read below @service/",
        answer,
      );
    return answer.text === bench.textOf(what)
      ? ok(`the ${role} key reads what was just written`)
      : error(
          `the ${role} key reads something else than was just written`,
          "See that no cache stands in front of the store, and that all three keys are for one bucket.",
        );
  };
}

/** Without the right to list, S3 hides what is missing behind 403, and a device takes that for an expired URL. */
function missingIsMissing(role: "read" | "admin"): Check["run"] {
  return async (bench) => {
    const answer = await bench.clients[role].get(bench.missingKey(role));
    if (answer.status === 404) return ok(`a missing object answers 404 to the ${role} key`);
    return error(
      `a missing object answers ${statusText(answer)} to the ${role} key, and not 404`,
      `Give the ${role} key the right to list the bucket (s3:ListBucket), without a condition on the prefix.`,
      "policy",
    );
  };
}

async function adminKeyLists(bench: Bench): Promise<Outcome> {
  const answer = await bench.clients.admin.list({ prefix: "@service/doctor/", "max-keys": "10" });
  if (!isGood(answer)) return rightMissing(bench, "admin", "list the bucket", answer);
  return listPage(answer.text)?.objects.some(({ key }) => key === probeKeys.service) === true
    ? ok("the admin key lists what is below @service/")
    : error(
        "the admin key lists the bucket, and what was just written is not in the list",
        "The service finds a user's devices by listing: use a store that lists what has been written.",
      );
}

/** One-time links and the names of replicas are given out by creating an object that must not be there yet. */
async function createsOnlyOnce(bench: Bench): Promise<Outcome> {
  const { clients, profile, textOf } = bench;
  const answer = await clients.admin.callWithHeader(
    {
      method: "PUT",
      key: probeKeys.service,
      headers: { ...serviceContentType, "if-none-match": "*" },
    },
    textOf("twice"),
  );
  const after = await clients.admin.get(probeKeys.service);
  const kept = after.text === textOf("service");
  if (kept && (answer.status === 412 || answer.status === 409))
    return ok("a PUT with If-None-Match: * is refused where there is an object");
  const hint = profile.createIfAbsent === "no" ? `${profile.title} is known not to do this. ` : "";
  return error(
    kept
      ? `a PUT with If-None-Match: * is answered with ${statusText(answer)} where there is an object, and not with 412`
      : "a PUT with If-None-Match: * overwrites an object that is there",
    `${hint}Use a store, or a newer version of it, that supports conditional writes: without them two devices may ` +
      "be given one name, and a sign-in link works twice.",
  );
}

export const rightsChecks: readonly Check[] = [
  { id: "write-key.write", needs: ["write-key"], run: writeKeyWrites },
  { id: "admin-key.write", needs: ["admin-key"], run: adminKeyWrites },
  {
    id: "admin-key.read",
    needs: ["admin-key.write"],
    run: keyReads("admin", probeKeys.service, "service"),
  },
  { id: "admin-key.list", needs: ["admin-key.write"], run: adminKeyLists },
  { id: "admin-key.missing", needs: ["admin-key"], run: missingIsMissing("admin") },
  { id: "create-if-absent", needs: ["admin-key.read"], run: createsOnlyOnce },
  {
    id: "read-key.read",
    needs: ["read-key", "write-key.write"],
    run: keyReads("read", probeKeys.victim, "victim"),
  },
  { id: "read-key.missing", needs: ["read-key"], run: missingIsMissing("read") },
];
