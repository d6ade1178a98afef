/**
 * A grant: what signing in yields. It names the replica a worker may write as and carries one signature for
 * each key it may PUT or GET. The URLs of one method share everything but key and signature, so they travel
 * as a template and 32 bytes a key.
 *
 * A grant is a secret: whoever holds it can do what it allows until it expires. It lives in the worker's
 * storage, is never handed to a tab and never logged.
 */
import { decodeBase64Url } from "./base64url.ts";
import { PresyncError } from "./errors.ts";
import type { Layout, Namespace, ReplicaId } from "./keys.ts";
import { isReplicaId, objectNames, parseNamespace, parseReplicaId } from "./keys.ts";

export const grantVersion = 1;

/** Length of an HMAC-SHA256 signature. */
export const signatureBytes = 32;

/** More replicas in one namespace than a grant may list; the rest are granted on demand. */
const grantedReplicasMax = 1024;

/**
 * `reserved`: an id nobody has yet, out of which the next replicas are named, so that they can be read at once.
 * `retired`: its last grant expired long ago; it is there to be taken over.
 */
export type GrantedReplicaState = "own" | "active" | "reserved" | "retired";

const states: ReadonlySet<unknown> = new Set<GrantedReplicaState>([
  "own",
  "active",
  "reserved",
  "retired",
]);

export interface GrantedReplica {
  readonly replica: ReplicaId;
  readonly state: GrantedReplicaState;
  /** Base64url of the signatures of `objectNames(layout)`, one after the other, in that order. */
  readonly signatures: string;
}

export interface SignedUrls {
  /** A URL in which `{key}` and `{signature}` (lower-case hexadecimal) are to be filled in. */
  readonly template: string;
  readonly replicas: readonly GrantedReplica[];
}

export interface Grant {
  readonly version: typeof grantVersion;
  readonly namespace: Namespace;
  readonly replica: ReplicaId;
  readonly layout: Layout;
  /** Milliseconds since 1970 by the service's clock. */
  readonly issuedAt: number;
  readonly expiresAt: number;
  /** The own prefix alone; null where the user is over a quota, and can only read for now. */
  readonly put: SignedUrls | null;
  /** The own prefix, the namespace's other replicas (most recently active first), then reserved ids. */
  readonly get: SignedUrls;
}

/** The content type that every PUT is signed with, and so must carry. */
export const objectContentType = "application/octet-stream";

export interface GrantRequest {
  readonly kind: "browser" | "node";
  /** The id an earlier grant gave; without it a new one is assigned. */
  readonly replica?: string;
}

/** Checks the shape of what the service answered; throws `malformed` or `unsupported-version`. */
export function parseGrant(value: unknown): Grant {
  const raw = record(value);
  if (raw["version"] !== grantVersion)
    throw new PresyncError("unsupported-version", "a grant of a version this build does not know");
  const layout = record(raw["layout"]) as unknown as Layout;
  const names = objectNames(layout).length;
  const grant: Grant = {
    version: grantVersion,
    namespace: parseNamespace(raw["namespace"]),
    replica: parseReplicaId(raw["replica"]),
    layout: { levels: layout.levels, slotsPerLevel: layout.slotsPerLevel },
    issuedAt: time(raw["issuedAt"]),
    expiresAt: time(raw["expiresAt"]),
    put: raw["put"] === null ? null : parseSignedUrls(raw["put"], names),
    get: parseSignedUrls(raw["get"], names),
  };
  const writable = grant.put?.replicas ?? [];
  if (grant.put !== null && (writable.length !== 1 || writable[0]?.replica !== grant.replica))
    throw new PresyncError(
      "malformed",
      "a grant must allow to PUT the own prefix and nothing else",
    );
  return grant;
}

function parseSignedUrls(value: unknown, names: number): SignedUrls {
  const raw = record(value);
  const { template, replicas } = raw;
  if (
    typeof template !== "string" ||
    !template.includes("{key}") ||
    !template.includes("{signature}")
  )
    throw new PresyncError("malformed", "a grant without a URL template");
  if (!Array.isArray(replicas) || replicas.length > grantedReplicasMax)
    throw new PresyncError("malformed", "a grant without a bounded list of replicas");
  return { template, replicas: replicas.map((entry) => parseGrantedReplica(entry, names)) };
}

function isState(value: unknown): value is GrantedReplicaState {
  return states.has(value);
}

function parseGrantedReplica(value: unknown, names: number): GrantedReplica {
  const { replica, state, signatures } = record(value);
  if (!isReplicaId(replica) || !isState(state))
    throw new PresyncError("malformed", "a grant with a malformed replica");
  if (
    typeof signatures !== "string" ||
    decodeBase64Url(signatures).length !== names * signatureBytes
  )
    throw new PresyncError("malformed", "a grant with missing signatures");
  return { replica, state, signatures };
}

/** The signed URL of one key, or undefined where the grant does not cover it. The result is a secret. */
export function revealSignedUrl(
  grant: Grant,
  method: "put" | "get",
  replica: ReplicaId,
  name: string,
): string | undefined {
  const urls = grant[method];
  if (urls === null) return undefined;
  const { template, replicas } = urls;
  const index = objectNames(grant.layout).indexOf(name);
  const entry = replicas.find((candidate) => candidate.replica === replica);
  if (index < 0 || entry === undefined) return undefined;
  const start = index * signatureBytes;
  const signature = decodeBase64Url(entry.signatures).subarray(start, start + signatureBytes);
  const hex = [...signature].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return template
    .replace("{key}", encodeKey(grant.namespace, replica, name))
    .replace("{signature}", hex);
}

/** The key as it stands in a URL path: each segment percent-encoded, as it was signed. */
export function encodeKey(namespace: Namespace, replica: ReplicaId, name: string): string {
  return [namespace, replica, ...name.split("/")].map(encodeSegment).join("/");
}

/** The only character of an allowed segment that SigV4 percent-encodes is the colon of a namespace. */
function encodeSegment(segment: string): string {
  return segment.replaceAll(":", "%3A");
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  throw new PresyncError("malformed", "a grant with a part missing");
}

function time(value: unknown): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw new PresyncError("malformed", "a grant without its times");
}
