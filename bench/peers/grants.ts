/** Grants for the benchmarks' devices, signed as the service signs them. */
import type { Grant, GrantedReplica, GrantedReplicaState } from "../../shared/grants.ts";
import { grantVersion } from "../../shared/grants.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { defaultLayout } from "../../shared/keys.ts";
import { createSigner } from "../../service/signer.ts";
import { benchNamespace, replicaId } from "../node-device.ts";
import { readKey, storeBucket, storeRegion, writeKey } from "./store-keys.ts";

const grantSeconds = 3_600;

/** Ids that nobody has yet, as the service grants them too. */
const reservedCount = 2;
const reservedIndex = 4096;

/** For `own`, to be used at `port`: a signature covers the host it is for. */
export async function grantFor(
  port: number,
  own: ReplicaId,
  known: readonly ReplicaId[],
): Promise<Grant> {
  const signer = createSigner({
    store: {
      endpoint: `http://127.0.0.1:${port}`,
      region: storeRegion,
      bucket: storeBucket,
      addressing: "path",
      read: readKey,
      write: writeKey,
      admin: readKey,
    },
    layout: defaultLayout,
    grantSeconds,
  });
  const issuedAt = Math.floor(Date.now() / 1000) * 1000;
  const reserved = Array.from({ length: reservedCount }, (_, index) =>
    replicaId(reservedIndex + index),
  );
  const base = { namespace: benchNamespace, signedAt: issuedAt };
  return {
    version: grantVersion,
    namespace: benchNamespace,
    replica: own,
    layout: defaultLayout,
    issuedAt,
    expiresAt: issuedAt + grantSeconds * 1000,
    put: await signer.sign({ ...base, method: "PUT", replicas: [entry(own, "own")] }),
    get: await signer.sign({
      ...base,
      method: "GET",
      replicas: [
        entry(own, "own"),
        ...known.map((replica) => entry(replica, "active")),
        ...reserved.map((replica) => entry(replica, "reserved")),
      ],
    }),
  };
}

function entry(
  replica: ReplicaId,
  state: GrantedReplicaState,
): Pick<GrantedReplica, "replica" | "state"> {
  return { replica, state };
}
