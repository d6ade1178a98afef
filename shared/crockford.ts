/** Crockford's base32: no I, L, O or U, so that nothing is mistaken for another letter, and no word appears. */

export const crockfordAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** What a person typed, in the alphabet's own letters; what is not of the alphabet stays. */
export function readLetters(text: string): string {
  return text.toUpperCase().replace(/[\s-]/g, "").replaceAll("O", "0").replace(/[IL]/g, "1");
}

/** Five bytes are eight letters: `bytes` is as long as a multiple of five, and nothing is left over. */
export function toCrockford(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 5) {
    let value = 0n;
    for (const byte of bytes.subarray(at, at + 5)) value = (value << 8n) | BigInt(byte);
    for (let shift = 35n; shift >= 0n; shift -= 5n)
      text += crockfordAlphabet.charAt(Number((value >> shift) & 31n));
  }
  return text;
}
