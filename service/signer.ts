/**
 * Signs the fixed keys of replicas (AWS Signature Version 4 in the query). All URLs of one method share
 * everything but key and signature: the first one is taken for a template, of the URL and of what is signed, and for each
 * replica one is made without it and compared, or a device would hold URLs that nobody signed. A grant is hundreds of
 * signatures, and making each URL anew would cost several times as much.
 */
import { AwsV4Signer } from "aws4fetch";
import { encodeBase64Url } from "../shared/base64url.ts";
import { PresyncError } from "../shared/errors.ts";
import type { GrantedReplica, GrantedReplicaState, SignedUrls } from "../shared/grants.ts";
import { encodeKey, objectContentType, signatureBytes } from "../shared/grants.ts";
import { bytesToHex } from "../shared/hex.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import { objectNames, parseNamespace, parseReplicaId } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import { bucketUrl } from "./store-url.ts";

const encoder = new TextEncoder();

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

  const signerOf = ({ method, signedAt }: SignRequest, path: string): AwsV4Signer =>
    new AwsV4Signer({
      ...(method === "PUT" ? store.write : store.read),
      method,
      url: `${base}${path}?X-Amz-Expires=${grantSeconds}`,
      service: "s3",
      region: store.region,
      signQuery: true,
      allHeaders: true,
      datetime: new Date(signedAt).toISOString().replaceAll(/[:-]|\.\d{3}/g, ""),
      ...(method === "PUT" ? { headers: { "content-type": objectContentType } } : {}),
    });

  async function sign(request: SignRequest): Promise<SignedUrls> {
    // Checked again right here: this is the last point where a foreign key could be signed.
    const namespace = parseNamespace(request.namespace);
    const pathsOf = (replica: ReplicaId): string[] =>
      names.map((name) => encodeKey(namespace, parseReplicaId(replica), name));
    const [first] = request.replicas;
    const [example = ""] = first === undefined ? [] : pathsOf(first.replica);
    if (example === "") throw new PresyncError("internal", "there was nothing to sign");
    const model = signerOf(request, example);
    const url = (await model.sign()).url.href;
    const template = url
      .slice(0, -2 * signatureBytes)
      .concat("{signature}")
      .replace(base + example, `${base}{key}`);
    const signPath = await pathSigner(model, example);

    const replicas: GrantedReplica[] = [];
    for (const { replica, state } of request.replicas) {
      const paths = pathsOf(replica);
      // A replica at a time, so that a namespace of many does not hold the process at one go.
      const signed = await Promise.all(paths.map(signPath));
      const signatures = new Uint8Array(names.length * signatureBytes);
      for (const [index, signature] of signed.entries())
        signatures.set(signature, index * signatureBytes);
      // Any of them tells whether all fit.
      const [path = ""] = paths;
      const whole = (await signerOf(request, path).sign()).url.href;
      const signature = bytesToHex(signatures.subarray(0, signatureBytes));
      if (template.replace("{key}", path).replace("{signature}", signature) !== whole)
        throw new PresyncError("internal", "a signed URL does not fit its template", { key: path });
      replicas.push({ replica, state, signatures: encodeBase64Url(signatures) });
    }
    return { template, replicas };
  }

  return { sign };
}

type Key = Awaited<ReturnType<typeof crypto.subtle.importKey>>;

/** Signs other paths as `model` signs the one that it was made for. */
async function pathSigner(
  model: AwsV4Signer,
  example: string,
): Promise<(path: string) => Promise<Uint8Array>> {
  const [method, , ...rest] = (await model.canonicalString()).split("\n");
  const folder = model.encodedPath.slice(0, -example.length);
  const head = ["AWS4-HMAC-SHA256", model.datetime, model.credentialString];
  const key = await signingKey(model);
  return async (path) => {
    const canonical = [method, folder + path, ...rest].join("\n");
    const digest = await crypto.subtle.digest("SHA-256", encoder.encode(canonical));
    return hmac(key, [...head, bytesToHex(new Uint8Array(digest))].join("\n"));
  };
}

/** That of the day, as SigV4 derives it. */
async function signingKey({ secretAccessKey, credentialString }: AwsV4Signer): Promise<Key> {
  let key = await hmacKey(encoder.encode(`AWS4${secretAccessKey}`));
  for (const part of credentialString.split("/")) key = await hmacKey(await hmac(key, part));
  return key;
}

function hmacKey(bytes: Uint8Array<ArrayBuffer>): Promise<Key> {
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", bytes, algorithm, false, ["sign"]);
}

async function hmac(key: Key, text: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, encoder.encode(text)));
}
