import { expect, test } from "vitest";
import { decodeBase64Url } from "../shared/base64url.ts";
import { formatSecretKey } from "../shared/secret-key.ts";
import { deriveKeyIdentity } from "./key-identity.ts";

const secretKey = formatSecretKey(new Uint8Array(32).fill(1));

test("golden: a secret key is the same identity in every build", async () => {
  const { publicKey } = await deriveKeyIdentity(secretKey);
  expect(publicKey).toMatchInlineSnapshot(`"lVMPHI5_QVQyq0Evy0Dyym3PSpibJT4ubjPgPZy5Pps"`);
  expect((await deriveKeyIdentity(secretKey.toLowerCase())).publicKey).toBe(publicKey);
});

/** Its first seed begins with a zero byte. */
const withZeroSeed = formatSecretKey(new Uint8Array(32).fill(0x01, 30).fill(0xd5, 31));

test("golden: where WebKitGTK would refuse the first seed, the second one is taken", async () => {
  const { publicKey } = await deriveKeyIdentity(withZeroSeed);
  expect(publicKey).toMatchInlineSnapshot(`"nEVJS1iB2NTmh0UxBIxGDGTx30fzUfvhHH4rQoEdZrk"`);
});

test("it proves itself with its public key", async () => {
  const { publicKey, sign } = await deriveKeyIdentity(secretKey);
  const key = await crypto.subtle.importKey("raw", decodeBase64Url(publicKey), "Ed25519", false, [
    "verify",
  ]);
  const signature = decodeBase64Url(await sign("a text"));
  const verify = (text: string): Promise<boolean> =>
    crypto.subtle.verify("Ed25519", key, signature, new TextEncoder().encode(text));
  expect(await verify("a text")).toBe(true);
  expect(await verify("another text")).toBe(false);
});

test("a typing error is found before anything is derived", async () => {
  const last = secretKey.at(-1) === "0" ? "1" : "0";
  const mistyped = secretKey.slice(0, -1) + last;
  await expect(deriveKeyIdentity(mistyped)).rejects.toMatchObject({ code: "invalid-argument" });
});
