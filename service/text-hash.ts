import { encodeBase64Url } from "../shared/base64url.ts";

/** The SHA-256 of a text, as 43 letters of base64url. */
export async function textHash(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return encodeBase64Url(new Uint8Array(digest));
}
