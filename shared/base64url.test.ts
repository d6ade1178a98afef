import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeBase64Url, encodeBase64Url } from "./base64url.ts";

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

describe("base64url", () => {
  // The vectors of RFC 4648 section 10, without their padding.
  it.each([
    ["", ""],
    ["f", "Zg"],
    ["fo", "Zm8"],
    ["foo", "Zm9v"],
    ["foob", "Zm9vYg"],
    ["fooba", "Zm9vYmE"],
    ["foobar", "Zm9vYmFy"],
  ])("writes %j as %j", (text, encoded) => {
    expect(encodeBase64Url(bytesOf(text))).toBe(encoded);
    expect([...decodeBase64Url(encoded)]).toEqual([...bytesOf(text)]);
  });

  it("uses the letters that need no escaping in a URL", () => {
    expect(encodeBase64Url(new Uint8Array([0xfb, 0xff, 0xfe]))).toBe("-__-");
  });

  it("gives back what was written", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const text = encodeBase64Url(bytes);
        expect(text).toMatch(/^[A-Za-z0-9_-]*$/);
        expect([...decodeBase64Url(text)]).toEqual([...bytes]);
      }),
    );
  });

  it("reads one spelling of each byte string, and refuses all others", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{0,12}$/), (text) => {
        const spelling = (): string => {
          try {
            return encodeBase64Url(decodeBase64Url(text));
          } catch (error) {
            return (error as { code?: string }).code ?? "no code";
          }
        };
        expect([text, "malformed"]).toContain(spelling());
      }),
    );
  });

  it.each(["A", "AAAAA", "AB", "AAB", "Zg==", "Z g", "Zm9v\n", "Zm+v", "Zm/v", "Ä", "ab\0c", "😀"])(
    "refuses %j",
    (text) => {
      expect(() => decodeBase64Url(text)).toThrow(expect.objectContaining({ code: "malformed" }));
    },
  );
});
