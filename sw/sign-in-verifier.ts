/** What proves that a code which comes back through a page is for the worker that asked (as in RFC 7636). */
import { encodeBase64Url } from "../shared/base64url.ts";

const verifierBytes = 32;

export function newVerifier(): string {
  return encodeBase64Url(crypto.getRandomValues(new Uint8Array(verifierBytes)));
}

export async function challengeOf(verifier: string): Promise<string> {
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return encodeBase64Url(new Uint8Array(hash));
}
