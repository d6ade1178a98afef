import fc from "fast-check";
import { expect, test } from "vitest";
import { readTypedCode, showTypedCode, typedCodeOf } from "./typed-code.ts";

test("a code is read as it was shown, however it is typed", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 5, maxLength: 32 }), (bytes) => {
      const code = typedCodeOf(bytes);
      expect(code).toMatch(/^[0-9A-Z]{8}$/);
      const shown = showTypedCode(code);
      for (const typed of [code, shown, shown.toLowerCase(), ` ${shown.replace("-", " ")} `])
        expect(readTypedCode(typed)).toBe(code);
    }),
  );
});

test("the letters that look like digits are digits", () => {
  expect(readTypedCode("oilO-1234")).toBe("01101234");
});

test.each(["", "K7QF", "K7QF-2M9X-1", "K7QF-2M9U", "K7QF-2M9!", "presync-code"])(
  "%s is no code",
  (text) => expect(readTypedCode(text)).toBeNull(),
);
