/**
 * What a mailed link stands for: one object `@service/mail/<day>/<id>` for each mail, sealed. Its id is a hash of the
 * challenge, so that whoever holds the verifier finds it; the link names it, and carries a secret.
 *
 * The link leads to a code, made of its secret. The code is of use only together with the verifier, which the browser
 * has that asked: a link that was opened elsewhere, or by somebody else, signs nobody in there.
 */
import { encodeBase64Url } from "../shared/base64url.ts";
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import { isNamespace } from "../shared/keys.ts";
import { typedCodeOf } from "../shared/typed-code.ts";
import type { CheckedConfig } from "./config.ts";
import type { DerivedKey } from "./derived-key.ts";
import { deriveHmacKey, firstVerdict } from "./derived-key.ts";
import { emailNamespace } from "./email-address.ts";
import { limit } from "./limits.ts";
import { challengeOf, refused } from "./one-time-codes.ts";
import { createSealer } from "./sealed.ts";
import type { SingleUse } from "./single-use.ts";
import { dayOf } from "./single-use.ts";
import type { StoreClient } from "./store-client.ts";
import { textHash } from "./text-hash.ts";

/** A mail takes a minute or two, and sometimes a phone has to be found. */
export const linkSecondsMax = 900;

const recordVersion = 1;

/** What a link consists of: 43 letters of base64url each. */
export interface LinkParts {
  readonly id: string;
  readonly secret: string;
}

interface MailRecord {
  readonly namespace: string;
  readonly returnTo: string;
  readonly secretHash: string;
  readonly codeHash: string;
  readonly day: string;
}

export interface EmailRequest {
  /** As `readAddress` writes it. */
  readonly address: string;
  readonly challenge: string;
  readonly returnTo: string;
}

export interface EmailLinks {
  /**
   * The same link where the same is asked again, by who had no answer. Throws `invalid-argument` where that challenge was
   * for another address, `retry` where it was too long ago.
   */
  create(request: EmailRequest): Promise<LinkParts>;
  /** What the link leads to; null where there is none, or not any more. */
  open(link: LinkParts): Promise<{ readonly code: string; readonly returnTo: string } | null>;
  /** Whose code it is; throws `unauthenticated` for one that is wrong, over, used, or another browser's. */
  redeem(code: string, verifier: string): Promise<Namespace>;
}

export function createEmailLinks(
  store: StoreClient,
  singleUse: SingleUse,
  config: Pick<CheckedConfig, "sessionSecrets" | "now" | "limits">,
): EmailLinks {
  const { now, limits } = config;
  const secretKeys = Promise.all(
    config.sessionSecrets.map((secret) => deriveHmacKey(secret, "presync/v1/mailed-link-secret")),
  );
  const sealer = createSealer<MailRecord>(config, "mailed-link", linkSecondsMax);

  /** It may have been made before midnight. */
  const find = async (id: string): Promise<MailRecord | null> => {
    const days = new Set([now(), now() - linkSecondsMax * 1000].map(dayOf));
    for (const day of days) {
      const text = await store.get(keyOf(day, id));
      if (text !== null) return sealer.open(sealedOf(text));
    }
    return null;
  };

  return {
    async create({ address, challenge, returnTo }) {
      const id = await textHash(challenge);
      const secret = await secretOf((await secretKeys)[0]!, id);
      const day = dayOf(now());
      const namespace = await emailNamespace(address);
      const sealed = await sealer.seal({
        namespace,
        returnTo,
        secretHash: await textHash(secret),
        codeHash: await textHash(await codeOf(secret)),
        day,
      });
      const record = JSON.stringify({ version: recordVersion, sealed });
      if (await store.create(keyOf(day, id), record)) return { id, secret };
      const found = await find(id);
      if (found === null) throw new PresyncError("retry", "this was asked too long ago; ask anew");
      if (found.namespace !== namespace)
        throw new PresyncError("invalid-argument", "this challenge was used before");
      // The first of the service's secrets may have been another one.
      const given = await firstVerdict(await secretKeys, async (key) => {
        const candidate = await secretOf(key, id);
        return (await textHash(candidate)) === found.secretHash ? candidate : undefined;
      });
      if (given === undefined) throw new PresyncError("retry", "this link is over; ask anew");
      return { id, secret: given };
    },
    async open({ id, secret }) {
      const found = await find(id);
      // Hashes of what is secret: how long the comparison takes tells nothing.
      if (found === null || found.secretHash !== (await textHash(secret))) return null;
      if (await singleUse.isClaimed(found.day, id)) return null;
      return { code: await codeOf(secret), returnTo: found.returnTo };
    },
    async redeem(code, verifier) {
      const id = await textHash(await challengeOf(verifier));
      const found = await find(id);
      if (found === null) throw refused();
      // Forty bits are few, for whoever may try for ever.
      await limit(limits, "code-attempts", id);
      if (found.codeHash !== (await textHash(code))) throw refused();
      if (!isNamespace(found.namespace)) throw refused();
      if (!(await singleUse.claim(found.day, id))) throw refused();
      return found.namespace;
    },
  };
}

function keyOf(day: string, id: string): string {
  return `@service/mail/${day}/${id}`;
}

/** Nobody but the service can say it, and each instance says the same. */
async function secretOf(key: DerivedKey, id: string): Promise<string> {
  const mac = await crypto.subtle.sign("HMAC", key, new TextEncoder().encode(id));
  return encodeBase64Url(new Uint8Array(mac));
}

async function codeOf(secret: string): Promise<string> {
  const text = new TextEncoder().encode(`presync/v1/typed-code ${secret}`);
  return typedCodeOf(new Uint8Array(await crypto.subtle.digest("SHA-256", text)));
}

function sealedOf(text: string): string {
  const { version, sealed } = JSON.parse(text) as { version?: unknown; sealed?: unknown };
  if (version === recordVersion && typeof sealed === "string") return sealed;
  throw new PresyncError("retry", "a link's record is not what it should be");
}
