/**
 * Access keys and what each may do. A right is granted only when it is written down, so that a key for PUT can be
 * given that can neither read nor list: the cure for the copy-source attack, which needs a signer that may read.
 */
import { S3Error } from "./errors.ts";

export interface Rights {
  /** GET and HEAD of objects. */
  readonly read?: boolean;
  /** PUT of objects. */
  readonly write?: boolean;
  /** ListObjectsV2. Without it a missing object answers 403, since 404 would tell which keys exist. */
  readonly list?: boolean;
  /** DELETE of objects. */
  readonly delete?: boolean;
  /** The bucket's CORS configuration. */
  readonly admin?: boolean;
}

export interface Credential {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly rights: Rights;
}

export function requireRight(credential: Credential, right: keyof Rights): void {
  if (credential.rights[right] !== true)
    throw new S3Error("AccessDenied", `This key has no right to ${right}.`);
}
