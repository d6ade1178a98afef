import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatSecretKey, parseSecretKey, secretKeyBytes, secretKeyLabels } from "./secret-key.ts";

const refusal: unknown = expect.objectContaining({ code: "invalid-argument" });
const secrets = fc.uint8Array({ minLength: secretKeyBytes, maxLength: secretKeyBytes });
const counting = Uint8Array.from({ length: secretKeyBytes }, (_, index) => index);

/** Users have written these down: a change here locks them out. */
const golden = {
  zeros: "PSK1-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0000-0007-FE2G",
  counting: "PSK1-000G-40R4-0M30-E209-185G-R38E-1W81-24GK-2GAH-C5RR-34D1-P70X-3RFT-5WF7",
} as const;

describe("a secret key", () => {
  it("is written as it always was", () => {
    expect(formatSecretKey(new Uint8Array(secretKeyBytes))).toBe(golden.zeros);
    expect(formatSecretKey(counting)).toBe(golden.counting);
    expect([...parseSecretKey(golden.counting)]).toEqual([...counting]);
    expect(secretKeyLabels).toEqual({ salt: "presync", identity: "presync/v1/identity" });
  });

  it("is read as it was written", () => {
    fc.assert(
      fc.property(secrets, (secret) => {
        const text = formatSecretKey(secret);
        expect(text).toMatch(/^PSK1(-[0-9A-HJKMNP-TV-Z]{4}){14}$/);
        expect([...parseSecretKey(text)]).toEqual([...secret]);
      }),
    );
  });

  it("is read in either case, with any separators, and with letters that look like digits", () => {
    const { counting: text } = golden;
    const spellings = [
      text.toLowerCase(),
      text.replaceAll("-", ""),
      `  ${text.replaceAll("-", " ")}\n`,
      text.replaceAll("0", "O"),
      text.replaceAll("0", "o"),
      text.replaceAll("1", "I"),
      text.replaceAll("1", "l"),
    ];
    for (const spelling of spellings) expect([...parseSecretKey(spelling)]).toEqual([...counting]);
  });

  it("shows any wrong letter", () => {
    const body = fc.integer({ min: 4, max: 59 });
    const letters = fc.constantFrom(...Array.from("0123456789ABCDEFGHJKMNPQRSTVWXYZ"));
    fc.assert(
      fc.property(secrets, body, letters, (secret, at, letter) => {
        const text = formatSecretKey(secret).replaceAll("-", "");
        fc.pre(text[at] !== letter);
        const wrong = text.slice(0, at) + letter + text.slice(at + 1);
        expect(() => parseSecretKey(wrong)).toThrow(refusal);
      }),
    );
  });

  it("shows two letters that were swapped", () => {
    fc.assert(
      fc.property(secrets, fc.integer({ min: 4, max: 58 }), (secret, at) => {
        const text = formatSecretKey(secret).replaceAll("-", "");
        const [a = "", b = ""] = [text[at], text[at + 1]];
        fc.pre(a !== b);
        const swapped = text.slice(0, at) + b + a + text.slice(at + 2);
        expect(() => parseSecretKey(swapped)).toThrow(refusal);
      }),
    );
  });

  it.each([
    "",
    "PSK1",
    golden.counting.slice(0, -1),
    `${golden.counting}0`,
    golden.counting.replace("PSK1", "PSK2"),
    golden.counting.replace("PSK1-", ""),
    `PSK1${"U".repeat(56)}`,
    `PSK1${"*".repeat(56)}`,
    `PSK1${"😀".repeat(28)}`,
    "PSK1".repeat(15),
  ])("is not %j", (text) => {
    expect(() => parseSecretKey(text)).toThrow(refusal);
  });

  it("is never shown by the error that refuses it", () => {
    const wrong = `${golden.counting.slice(0, -1)}${golden.counting.endsWith("0") ? "1" : "0"}`;
    let message = "";
    try {
      parseSecretKey(wrong);
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain("typing error");
    expect(wrong.split("-").filter((group) => message.includes(group))).toEqual([]);
  });

  it.each([0, 31, 33])("does not have %i bytes", (length) => {
    expect(() => formatSecretKey(new Uint8Array(length))).toThrow(refusal);
  });
});
