import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { listObjectsXml } from "./list.ts";
import { parseRequest } from "./request.ts";
import { compareUtf8 } from "./text.ts";
import { unescapeXml } from "./xml.ts";

/** Few letters, so that prefixes and groups meet; some whose UTF-16 order is not their UTF-8 order. */
const keyText = fc
  .array(fc.constantFrom("a", "b", "/", "-", "&", "é", "\uff5e", "😀"), {
    minLength: 1,
    maxLength: 6,
  })
  .map((letters) => letters.join(""));

function listPages(keys: readonly string[], query: Readonly<Record<string, string>>): string[][] {
  const sorted = [...new Set(keys)].toSorted(compareUtf8);
  const record = { size: 0, md5: "", modifiedMs: 0, headers: {}, checksums: {} };
  const bucket = { keys: sorted, get: (key: string) => ({ ...record, key }) };
  const pages: string[][] = [];
  for (let token: string | undefined = ""; token !== undefined;) {
    const more: Record<string, string> = token === "" ? {} : { "continuation-token": token };
    const search = new URLSearchParams({ "list-type": "2", ...query, ...more });
    const xml = listObjectsXml(
      "bucket",
      bucket,
      parseRequest("GET", `/bucket?${search.toString()}`, []),
    );
    const names = [...xml.matchAll(/<(?:Key|CommonPrefixes><Prefix)>([^<]*)/g)];
    pages.push(names.map(([, name = ""]) => unescapeXml(name)));
    token = /<NextContinuationToken>([^<]+)/.exec(xml)?.[1];
  }
  return pages;
}

describe("listing", () => {
  it("gives each key and each group once, however long the pages are", () => {
    fc.assert(
      fc.property(
        fc.array(keyText, { maxLength: 25 }),
        fc.constantFrom("", "a", "a/", "é", "-"),
        fc.constantFrom("", "/", "-/", "a"),
        fc.integer({ min: 1, max: 6 }),
        (keys, prefix, delimiter, maxKeys) => {
          const expected = new Set(
            keys
              .filter((key) => key.startsWith(prefix))
              .map((key) => {
                const at = delimiter === "" ? -1 : key.indexOf(delimiter, prefix.length);
                return at < 0 ? key : key.slice(0, at + delimiter.length);
              }),
          );
          const pages = listPages(keys, { prefix, delimiter, "max-keys": String(maxKeys) });
          expect(pages.flat().toSorted(compareUtf8)).toEqual([...expected].toSorted(compareUtf8));
          expect(pages.slice(0, -1).every((page) => page.length === maxKeys)).toBe(true);
        },
      ),
    );
  });

  it("starts after any text, be it a key or not", () => {
    fc.assert(
      fc.property(fc.array(keyText, { maxLength: 25 }), keyText, (keys, after) => {
        const expected = [...new Set(keys)]
          .filter((key) => compareUtf8(key, after) > 0)
          .toSorted(compareUtf8);
        expect(listPages(keys, { "start-after": after })).toEqual([expected]);
      }),
    );
  });

  it("gives an empty page that ends when asked for none", () => {
    expect(listPages(["a", "b"], { "max-keys": "0" })).toEqual([[]]);
  });
});

describe("the order of keys", () => {
  it("is the order of their bytes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.string({ unit: "binary" }), (a, b) => {
        const bytes = Buffer.compare(Buffer.from(a), Buffer.from(b));
        expect(Math.sign(compareUtf8(a, b))).toBe(bytes);
      }),
    );
  });
});
