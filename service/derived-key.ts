/** One key for each purpose out of one secret (HKDF-SHA256, RFC 5869), so that no use weakens another. */

/** What WebCrypto calls a CryptoKey; the name is not global in every runtime's types. */
export type DerivedKey = Awaited<ReturnType<typeof crypto.subtle.deriveKey>>;

const salt = "presync";

export function deriveHmacKey(
  secret: string | Uint8Array<ArrayBuffer>,
  label: string,
): Promise<DerivedKey> {
  const algorithm = { name: "HMAC", hash: "SHA-256", length: 256 };
  return deriveKey(secret, label, algorithm, ["sign", "verify"]);
}

/** For AES-256-GCM. */
export function deriveSealKey(secret: string, label: string): Promise<DerivedKey> {
  return deriveKey(secret, label, { name: "AES-GCM", length: 256 }, ["encrypt", "decrypt"]);
}

async function deriveKey(
  secret: string | Uint8Array<ArrayBuffer>,
  label: string,
  algorithm: { readonly name: string; readonly hash?: string; readonly length: number },
  usages: ("sign" | "verify" | "encrypt" | "decrypt")[],
): Promise<DerivedKey> {
  const encoder = new TextEncoder();
  const input = typeof secret === "string" ? encoder.encode(secret) : secret;
  const material = await crypto.subtle.importKey("raw", input, "HKDF", false, ["deriveKey"]);
  return crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt: encoder.encode(salt), info: encoder.encode(label) },
    material,
    algorithm,
    false,
    usages,
  );
}

/** The first verdict that is not undefined, asking the keys in order; a list of keys is a rotation under way. */
export async function firstVerdict<Key, Verdict>(
  keys: readonly Key[],
  ask: (key: Key) => Promise<Verdict | undefined>,
): Promise<Verdict | undefined> {
  for (const key of keys) {
    // One after the other: the first key, the current one, nearly always answers.
    const verdict = await ask(key);
    if (verdict !== undefined) return verdict;
  }
  return undefined;
}
