/**
 * The names a namespace's replicas will have, known in advance: `<kind>-<12 hex of HMAC(pool secret; namespace,
 * kind, index)>` for index 0, 1, 2, … A grant covers the next few unassigned names, so that a device that joins
 * just before the service goes down can be read by devices whose grants are older.
 *
 * The pool secret is a random object in the bucket, beside the registry, and not derived from the session secret:
 * - rotating the session secret must not rename the replicas to come, which older grants already cover;
 * - should `@service/` ever be lost, registry and pool are lost together, and the names of a new pool are others.
 *   Numbered names, or names from a secret that survived, would be assigned a second time, to a second writer
 *   of a prefix that has one.
 * It guards nothing by itself (a name is worthless without a signature) and is never cached: the service stays
 * stateless, and a grant is asked for every few days.
 */
import { decodeBase64Url, encodeBase64Url } from "../shared/base64url.ts";
import { PresyncError } from "../shared/errors.ts";
import type { GrantRequest } from "../shared/grants.ts";
import { bytesToHex } from "../shared/hex.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import { parseReplicaId } from "../shared/keys.ts";
import { deriveHmacKey } from "./derived-key.ts";
import type { StoreClient } from "./store-client.ts";

export type ReplicaKind = GrantRequest["kind"];

const poolKey = "@service/replica-pool.json";

const poolVersion = 1;
const secretBytes = 32;
const label = "presync/v1/replica-pool";
/** 48 bits: in a namespace of 500 replicas, two equal names are a matter of one in two thousand million. */
const nameBytes = 6;

interface NamesOf {
  readonly namespace: Namespace;
  /**
   * When everything of the user was deleted, or 0. What was registered before is not known any more, and devices may
   * hold URLs for it: no name of then is given again.
   */
  readonly endedAt: number;
  readonly kind: ReplicaKind;
}

export interface ReplicaPool {
  /** The first `count` names, by index, for which `isTaken` is false. */
  nextNames(
    of: NamesOf,
    count: number,
    isTaken: (replica: ReplicaId) => boolean,
  ): Promise<ReplicaId[]>;
}

/** Reads the pool of this bucket, or founds it. */
export async function openReplicaPool(store: StoreClient): Promise<ReplicaPool> {
  const key = await deriveHmacKey(await poolSecret(store), label);

  async function nameOf({ namespace, endedAt, kind }: NamesOf, index: number): Promise<ReplicaId> {
    const since = endedAt === 0 ? "" : `/${endedAt}`;
    const text = new TextEncoder().encode(`${namespace}/${kind}/${index}${since}`);
    const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, text)).subarray(0, nameBytes);
    return parseReplicaId(`${kind}-${bytesToHex(mac)}`);
  }

  return {
    nextNames: async (of, count, isTaken) => {
      const names: ReplicaId[] = [];
      // Ends: the taken names are finitely many, and the caller bounds them.
      for (let index = 0; names.length < count; index++) {
        const name = await nameOf(of, index);
        if (!isTaken(name) && !names.includes(name)) names.push(name);
      }
      return names;
    },
  };
}

async function poolSecret(store: StoreClient): Promise<Uint8Array<ArrayBuffer>> {
  const found = await store.get(poolKey);
  if (found !== null) return readSecret(found);
  const secret = encodeBase64Url(crypto.getRandomValues(new Uint8Array(secretBytes)));
  await store.create(poolKey, JSON.stringify({ version: poolVersion, secret }));
  // Read back rather than trusted: another instance may have been first.
  return readSecret((await store.get(poolKey)) ?? "");
}

function readSecret(text: string): Uint8Array<ArrayBuffer> {
  try {
    const { version, secret } = JSON.parse(text) as { version?: unknown; secret?: unknown };
    if (version === poolVersion && typeof secret === "string") {
      const bytes = decodeBase64Url(secret);
      if (bytes.length === secretBytes) return bytes;
    }
  } catch {
    // Answered below, without the text: it would show the secret.
  }
  throw new PresyncError("internal", "the replica pool is damaged", { key: poolKey });
}
