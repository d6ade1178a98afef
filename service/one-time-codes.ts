/**
 * One-time codes: how a sign-in that went through the page reaches the worker. A page sees the code and can do nothing
 * with it: it is redeemed with a verifier that only the worker has which began the sign-in (as in RFC 7636), and once.
 */
import { PresyncError } from "../shared/errors.ts";
import type { Namespace } from "../shared/keys.ts";
import { isNamespace } from "../shared/keys.ts";
import type { CheckedConfig } from "./config.ts";
import { createSealer } from "./sealed.ts";
import type { SingleUse } from "./single-use.ts";
import { dayOf } from "./single-use.ts";
import { textHash } from "./text-hash.ts";

/** The page loads in between, perhaps on a slow line. */
export const codeSecondsMax = 120;

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
  singleUse: SingleUse,
  config: Pick<CheckedConfig, "sessionSecrets" | "now">,
): OneTimeCodes {
  const sealer = createSealer<CodeContent>(config, "one-time-code", codeSecondsMax);
  return {
    issue: (namespace, challenge) =>
      sealer.seal({
        namespace,
        challenge,
        id: crypto.randomUUID(),
        day: dayOf(config.now()),
      }),
    async redeem(code, verifier) {
      const opened = code.length > codeLettersMax ? null : await sealer.open(code);
      const isOwn = opened !== null && (await isVerifiedBy(opened.challenge, verifier));
      if (!isOwn || !isNamespace(opened.namespace)) throw refused();
      if (!(await singleUse.claim(opened.day, opened.id))) throw refused();
      return opened.namespace;
    },
  };
}

async function isVerifiedBy(challenge: string, verifier: string): Promise<boolean> {
  // Both are hashes of what is secret: how long the comparison takes tells nothing.
  return (await challengeOf(verifier)) === challenge;
}

/** What a verifier was announced with; throws `unauthenticated` for what is none. */
export async function challengeOf(verifier: string): Promise<string> {
  if (!verifierPattern.test(verifier)) throw refused();
  return textHash(verifier);
}

export function refused(): PresyncError {
  return new PresyncError("unauthenticated", "this code is expired, used or not for here");
}
