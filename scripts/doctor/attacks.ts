/**
 * What the holder of a signed PUT may try: a header that was not signed. Some stores act on it. Each attack is made
 * on objects of the doctor's own, and counts as a success only where it brought this run's text to light.
 */
import { encodeKey } from "../dev-store/conformance/client.ts";
import type { Bench } from "./bench.ts";
import { grantedHeaders, grantedPut, isGood, probeKeys, unsigned } from "./bench.ts";
import type { Check, Outcome } from "./check.ts";
import { error, ok } from "./check.ts";

/**
 * The header as S3 describes it, and as a store may read it without asking whether its key may read: measured with Ceph
 * 16.2, each of the others copied what a policy had denied it to read.
 */
const copyHeaders: readonly ((source: string) => Readonly<Record<string, string>>)[] = [
  (source) => ({ "x-amz-copy-source": source }),
  (source) => ({ "x-amz-copy-source": `${source}?versionId=null` }),
  (source) => ({ "x-amz-copy-source": source, "x-amz-copy-source-range": "bytes=0-1" }),
  (source) => ({ "x-amz-copy-source": encodeURIComponent(source) }),
];

async function copyAttack(bench: Bench): Promise<Outcome> {
  const { clients, profile, send, store, textOf } = bench;
  const url = await clients.write.presign(grantedPut(probeKeys.attacker));
  for (const [source, text] of [
    // What every user has was written with the very key that signs the attacker's URL.
    [probeKeys.victim, textOf("victim")],
    [probeKeys.service, textOf("service")],
  ] as const)
    for (const copyHeader of copyHeaders) {
      const added = copyHeader(`/${store.bucket}/${encodeKey(source)}`);
      await send(url, { method: "PUT", headers: { ...grantedHeaders, ...added }, body: "" });
      const loot = await clients.read.get(probeKeys.attacker);
      if (loot.text === "" || !text.startsWith(loot.text)) continue;
      return error(
        `a signed PUT with an added ${Object.keys(added).at(-1)} header copies other users' objects`,
        "Sign PUTs with a key that may not read anything, not even what it has written: this store does not insist " +
          `that the header is signed. ${profile.keys}`,
        "policy",
      );
    }
  return ok("a signed PUT copies nothing, whatever header is added");
}

/** Both ways in which S3 lets an object be made public as it is written. */
const publishingHeaders: readonly Readonly<Record<string, string>>[] = [
  { "x-amz-acl": "public-read" },
  { "x-amz-grant-read": `uri="http://acs.amazonaws.com/groups/global/AllUsers"` },
];

async function aclAttack({ clients, profile, send, textOf }: Bench): Promise<Outcome> {
  const url = await clients.write.presign(grantedPut(probeKeys.attacker));
  const open = unsigned(url);
  for (const header of publishingHeaders) {
    const body = textOf("published");
    await send(url, { method: "PUT", headers: { ...grantedHeaders, ...header }, body });
    const answer = await send(open);
    if (isGood(answer) && answer.text === body) {
      // An ordinary PUT takes the object back from the public.
      await send(url, { method: "PUT", headers: grantedHeaders, body: "" });
      return error(
        `a signed PUT with an added ${Object.keys(header).join()} header makes an object public`,
        "Deny the write key s3:PutObjectAcl, and s3:PutObject with any ACL or grant header; or switch ACLs off for " +
          `the bucket, where the store can. ${profile.keys}`,
        "policy",
      );
    }
  }
  return ok("a signed PUT makes nothing public, whatever header is added");
}

export const attackChecks: readonly Check[] = [
  { id: "attack.copy-source", needs: ["write-key.write", "read-key.read"], run: copyAttack },
  // In a bucket that is public anyway, success would tell nothing.
  { id: "attack.acl", needs: ["write-key.write", "anonymous.read"], run: aclAttack },
];
