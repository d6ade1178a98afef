/**
 * One-time codes: how a sign-in that went through the page reaches the worker. A page sees the code and can do nothing
 * with it: it is redeemed with a verifier that only the worker has which began the sign-in (as in RFC 7636), and once.
 */
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import { isNamespace } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import { createSealer } from "./sealed.ts";
import type { StoreClient } from "./store-client.ts";
import { textHash } from "./text-hash.ts";

/** The page loads in between, perhaps on a slow line. */
export const codeSecondsMax = 120;

const recordVersion = 1;

/** 43 letters: SHA-256 as base64url. */
export const challengePattern: RegExp = /^[\w-]{43}$/;

/** Our own codes have under 500 letters. */
const codeLettersMax = 2048;
const verifierPattern = /^[\w-]{43,128}$/;

interface CodeContent {
  readonly namespace: string;
  readonly challenge: string;
  readonly id: string;
  /** When it was issued, so that it is looked for in one place whenever it is redeemed. */
  readonly day: string;
}

export interface OneTimeCodes {
  /** For the user of a namespace, and for whoever knows what hashes to the challenge. */
  issue(namespace: Namespace, challenge: string): Promise<string>;
  /** Whose code it is; throws `unauthenticated` for one that is over, foreign, or was redeemed. */
  redeem(code: string, verifier: string): Promise<Namespace>;
}

export function createOneTimeCodes(
  store: StoreClient,
  config: Pick<CheckedConfig, "sessionSecrets" | "now">,
): OneTimeCodes {
  const sealer = createSealer<CodeContent>(config, "one-time-code", codeSecondsMax);
  return {
    issue: (namespace, challenge) =>
      sealer.seal({
        namespace,
        challenge,
        id: crypto.randomUUID(),
        day: new Date(config.now()).toISOString().slice(0, 10),
      }),
    async redeem(code, verifier) {
      const opened = code.length > codeLettersMax ? null : await sealer.open(code);
      const isOwn = opened !== null && (await isVerifiedBy(opened.challenge, verifier));
      if (!isOwn || !isNamespace(opened.namespace)) throw refused();
      // By day, so that an operator can clear away old ones.
      const key = `@service/used/${opened.day}/${opened.id}`;
      const record = JSON.stringify({ version: recordVersion, at: config.now() });
      if (!(await store.create(key, record))) throw refused();
      return opened.namespace;
    },
  };
}

async function isVerifiedBy(challenge: string, verifier: string): Promise<boolean> {
  if (!verifierPattern.test(verifier)) return false;
  // Both are hashes of what is secret: how long the comparison takes tells nothing.
  return (await textHash(verifier)) === challenge;
}

function refused(): PresyncError {
  return new PresyncError("unauthenticated", "this code is expired, used or not for here");
}
