/** What proves that a code which comes back through a page is for the worker that asked (as in RFC 7636). */
import { encodeBase64Url } from "../shared/base64url.ts";

const verifierBytes = 32;

export async function newVerifier(): Promise<{
  readonly verifier: string;
  readonly challenge: string;
}> {
  const verifier = encodeBase64Url(crypto.getRandomValues(new Uint8Array(verifierBytes)));
  const hash = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return { verifier, challenge: encodeBase64Url(new Uint8Array(hash)) };
}
