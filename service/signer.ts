/**
 * Signs the fixed keys of replicas (AWS Signature Version 4 in the query). All URLs of one method share
 * everything but key and signature: the template is taken from the first one, and every other must be what the
 * template makes of it, or a device would hold URLs that nobody signed.
 */
import { AwsV4Signer } from "aws4fetch";
import { encodeBase64Url } from "../shared/base64url.ts";
import { PresyncError } from "../shared/errors.ts";
import type { GrantedReplica, GrantedReplicaState, SignedUrls } from "../shared/grants.ts";
import { encodeKey, objectContentType, signatureBytes } from "../shared/grants.ts";
import { hexToBytes } from "../shared/hex.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import { objectNames, parseNamespace, parseReplicaId } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import { bucketUrl } from "./store-url.ts";

const hexPattern = /^[0-9a-f]+$/;

interface SignRequest {
  readonly method: "PUT" | "GET";
  readonly namespace: Namespace;
  readonly replicas: readonly {
    readonly replica: ReplicaId;
    readonly state: GrantedReplicaState;
  }[];
  /** When the URLs start to live: milliseconds, a whole second. */
  readonly signedAt: number;
}

export interface Signer {
  sign(request: SignRequest): Promise<SignedUrls>;
}

export function createSigner(
  config: Pick<CheckedConfig, "store" | "layout" | "grantSeconds">,
): Signer {
  const { store, layout, grantSeconds } = config;
  const base = bucketUrl(store);
  const names = objectNames(layout);

  async function signKey(
    request: SignRequest,
    path: string,
    cache: Map<string, ArrayBuffer>,
  ): Promise<string> {
    const put = request.method === "PUT";
    const { url } = await new AwsV4Signer({
      ...(put ? store.write : store.read),
      method: request.method,
      url: `${base}${path}?X-Amz-Expires=${grantSeconds}`,
      service: "s3",
      region: store.region,
      signQuery: true,
      cache,
      allHeaders: true,
      datetime: new Date(request.signedAt).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
      ...(put ? { headers: { "content-type": objectContentType } } : {}),
    }).sign();
    return url.href;
  }

  async function sign(request: SignRequest): Promise<SignedUrls> {
    // Checked again right here: this is the last point where a foreign key could be signed.
    const namespace = parseNamespace(request.namespace);
    // The day's signing key, derived once for all of them; without it each URL costs four more HMACs.
    const cache = new Map<string, ArrayBuffer>();
    let template: string | undefined;
    const replicas: GrantedReplica[] = [];
    for (const { replica, state } of request.replicas) {
      parseReplicaId(replica);
      const paths = names.map((name) => encodeKey(namespace, replica, name));
      // A replica at a time, so that a namespace of many does not hold the process at one go.
      const urls = await Promise.all(paths.map((path) => signKey(request, path, cache)));
      const signatures = new Uint8Array(names.length * signatureBytes);
      for (const [index, url] of urls.entries()) {
        const signature = url.slice(-2 * signatureBytes);
        const path = paths[index] ?? "";
        template ??= url
          .slice(0, -2 * signatureBytes)
          .concat("{signature}")
          .replace(base + path, `${base}{key}`);
        const rebuilt = template.replace("{key}", path).replace("{signature}", signature);
        if (rebuilt !== url || !hexPattern.test(signature))
          throw new PresyncError("internal", "a signed URL does not fit its template", {
            key: path,
          });
        signatures.set(hexToBytes(signature), index * signatureBytes);
      }
      replicas.push({ replica, state, signatures: encodeBase64Url(signatures) });
    }
    if (template === undefined) throw new PresyncError("internal", "there was nothing to sign");
    return { template, replicas };
  }

  return { sign };
}
