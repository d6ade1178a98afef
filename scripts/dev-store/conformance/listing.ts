/** ListObjectsV2: what is there, in order, in pages, for the prefix signed and no other. */
import { describe, expect, it } from "vitest";
import { unescapeXml } from "../xml.ts";
import { md5Of, send, type HttpAnswer } from "./client.ts";
import type { Bench } from "./target.ts";

function keysOf(answer: HttpAnswer): string[] {
  expect(answer.status).toBe(200);
  return [...answer.text.matchAll(/<Contents>.*?<Key>([^<]*)<\/Key>/gs)].map(([, key = ""]) =>
    unescapeXml(key),
  );
}

function valueOf(answer: HttpAnswer, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(answer.text)?.[1];
}

function commonPrefixesOf(answer: HttpAnswer): string[] {
  return [...answer.text.matchAll(/<CommonPrefixes>\s*<Prefix>([^<]*)/g)].map(
    ([, prefix = ""]) => prefix,
  );
}

export function describeListing(bench: () => Bench): void {
  const fill = async (count: number): Promise<{ prefix: string; keys: string[] }> => {
    const { admin, freshKey } = bench();
    const prefix = `${freshKey()}/`;
    const keys = Array.from(
      { length: count },
      (_, at) => `${prefix}${String(at).padStart(3, "0")}`,
    );
    await Promise.all(keys.map((key) => admin.put(key, key)));
    return { prefix, keys };
  };
  /** All keys, page by page, and how many pages there were. */
  const listAll = async (
    query: Readonly<Record<string, string>>,
  ): Promise<{ keys: string[]; pages: number }> => {
    const keys: string[] = [];
    let pages = 0;
    for (let token: string | undefined = ""; token !== undefined; pages++) {
      const more: Record<string, string> =
        token === "" ? {} : { "continuation-token": unescapeXml(token) };
      const page = await bench().reader.list({ ...query, ...more });
      keys.push(...keysOf(page));
      token =
        valueOf(page, "IsTruncated") === "true"
          ? valueOf(page, "NextContinuationToken")
          : undefined;
    }
    return { keys, pages };
  };

  describe("listing", () => {
    it("gives what has the prefix, with size and ETag", async () => {
      const { reader, admin } = bench();
      const { prefix, keys } = await fill(3);
      await admin.put(`${prefix.slice(0, -1)}-beside`, "x");
      const page = await reader.list({ prefix });
      expect(keysOf(page)).toEqual(keys);
      expect(valueOf(page, "KeyCount")).toBe("3");
      expect(valueOf(page, "IsTruncated")).toBe("false");
      expect(valueOf(page, "Size")).toBe(String(keys[0]?.length));
      expect(unescapeXml(valueOf(page, "ETag") ?? "")).toBe(`"${md5Of(keys[0] ?? "")}"`);
    });

    it("is empty where nothing is", async () => {
      const page = await bench().reader.list({ prefix: bench().freshKey() });
      expect(keysOf(page)).toEqual([]);
      expect(valueOf(page, "KeyCount")).toBe("0");
    });

    it("comes in pages that neither repeat nor leave out", async () => {
      const { prefix, keys } = await fill(25);
      expect(await listAll({ prefix, "max-keys": "10" })).toEqual({ keys, pages: 3 });
      expect(await listAll({ prefix, "max-keys": "5" })).toEqual({ keys, pages: 5 });
      expect(await listAll({ prefix, "max-keys": "25" })).toEqual({ keys, pages: 1 });
    });

    it("starts after a key", async () => {
      const { prefix, keys } = await fill(5);
      const after = keys[2] ?? "";
      expect((await listAll({ prefix, "start-after": after })).keys).toEqual(keys.slice(3));
      expect((await listAll({ prefix, "start-after": `${after}!` })).keys).toEqual(keys.slice(3));
      expect((await listAll({ prefix, "start-after": "" })).keys).toEqual(keys);
    });

    it("groups by a delimiter, also across pages", async () => {
      const { admin, reader, freshKey } = bench();
      const prefix = `${freshKey()}/`;
      for (const name of ["a/1", "a/2", "b", "c/1", "c/2/3", "d"])
        await admin.put(prefix + name, "x");
      const page = await reader.list({ prefix, delimiter: "/" });
      expect(keysOf(page)).toEqual([`${prefix}b`, `${prefix}d`]);
      expect(commonPrefixesOf(page)).toEqual([`${prefix}a/`, `${prefix}c/`]);
      const after = await reader.list({ prefix, delimiter: "/", "start-after": `${prefix}a/1` });
      expect(keysOf(after)).toEqual([`${prefix}b`, `${prefix}d`]);
      expect(commonPrefixesOf(after)).toEqual([`${prefix}c/`]);
      const seen: string[] = [];
      for (let token: string | undefined = ""; token !== undefined;) {
        const more: Record<string, string> =
          token === "" ? {} : { "continuation-token": unescapeXml(token) };
        const part = await reader.list({ prefix, delimiter: "/", "max-keys": "1", ...more });
        seen.push(...keysOf(part), ...commonPrefixesOf(part));
        token =
          valueOf(part, "IsTruncated") === "true"
            ? valueOf(part, "NextContinuationToken")
            : undefined;
      }
      expect(seen).toEqual(["a/", "b", "c/", "d"].map((name) => prefix + name));
    });

    it("is in the order of UTF-8 bytes", async () => {
      const { admin, reader, freshKey } = bench();
      const prefix = `${freshKey()}/`;
      const names = ["a", "a-b", "a.b", "a/b", "ab", "A", "é", "漢", "\uff5e", "😀", "~"];
      for (const name of names) await admin.put(prefix + name, "x");
      const sorted = names.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
      expect(keysOf(await reader.list({ prefix }))).toEqual(sorted.map((name) => prefix + name));
    });

    it("names odd keys exactly, in XML and in URL encoding", async () => {
      const { admin, reader, freshKey } = bench();
      const prefix = `${freshKey()}/`;
      const names = ["a b+c", "<é>&", "q\"u'o", "%41", "#?"].toSorted();
      for (const name of names) await admin.put(prefix + name, "x");
      const plain = keysOf(await reader.list({ prefix }));
      expect(new Set(plain)).toEqual(new Set(names.map((name) => prefix + name)));
      const encoded = keysOf(await reader.list({ prefix, "encoding-type": "url" }));
      const decoded = encoded.map((key) => decodeURIComponent(key.replaceAll("+", " ")));
      expect(new Set(decoded)).toEqual(new Set(names.map((name) => prefix + name)));
    });

    it("knows of a write, an overwrite and a delete at once", async () => {
      const { admin, reader, freshKey } = bench();
      for (let round = 0; round < 10; round++) {
        const key = freshKey();
        await admin.put(key, "x");
        expect(keysOf(await reader.list({ prefix: key }))).toEqual([key]);
        await admin.put(key, "other");
        const page = await reader.list({ prefix: key });
        expect(keysOf(page)).toEqual([key]);
        expect(valueOf(page, "Size")).toBe("5");
        await admin.delete(key);
        expect(keysOf(await reader.list({ prefix: key }))).toEqual([]);
      }
    });

    it("is for the prefix that was signed and no other", async () => {
      const { reader, freshKey } = bench();
      const prefix = freshKey("alice");
      const url = await reader.presign({ query: { "list-type": "2", prefix } });
      const encoded = encodeURIComponent(prefix);
      expect(url).toContain(`prefix=${encoded}`);
      expect((await send(url.replace(`prefix=${encoded}`, "prefix=bob"))).status).toBe(403);
      expect((await send(url.replace(`&prefix=${encoded}`, ""))).status).toBe(403);
      expect([400, 403]).toContain((await send(`${url}&prefix=bob`)).status);
      expect((await send(`${url}&start-after=a`)).status).toBe(403);
    });
  });
}
