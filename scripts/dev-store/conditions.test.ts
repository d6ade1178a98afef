import { describe, expect, it } from "vitest";
import { checkReadConditions, checkWriteConditions, parseRange } from "./conditions.ts";
import { parseRequest, type S3Request } from "./request.ts";

const md5 = "0123456789abcdef0123456789abcdef";
const object = { md5, modifiedMs: Date.parse("2026-01-01T00:00:00.900Z"), size: 1000 };
const before = "Wed, 31 Dec 2025 23:59:59 GMT";
const same = "Thu, 01 Jan 2026 00:00:00 GMT";

function withHeaders(headers: Readonly<Record<string, string>>): S3Request {
  return parseRequest("GET", "/bucket/key", Object.entries(headers).flat());
}

/** What a check returns, or the code of the refusal it throws. */
function outcomeOf(check: () => unknown): unknown {
  try {
    return check();
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("conditions of a read", () => {
  it.each<[Record<string, string>, string]>([
    [{}, "send"],
    [{ "if-none-match": `"${md5}"` }, "not-modified"],
    [{ "if-none-match": `W/"${md5}"` }, "not-modified"],
    [{ "if-none-match": md5 }, "not-modified"],
    [{ "if-none-match": `"other", "${md5}"` }, "not-modified"],
    [{ "if-none-match": "*" }, "not-modified"],
    [{ "if-none-match": '"other"' }, "send"],
    [{ "if-none-match": '"other"', "if-modified-since": same }, "send"],
    [{ "if-modified-since": same }, "not-modified"],
    [{ "if-modified-since": before }, "send"],
    [{ "if-modified-since": "no date" }, "send"],
    [{ "if-match": `"${md5}"` }, "send"],
    [{ "if-match": "*" }, "send"],
    [{ "if-match": '"other"' }, "PreconditionFailed"],
    [{ "if-match": `"${md5}"`, "if-unmodified-since": before }, "send"],
    [{ "if-match": `"${md5}"`, "if-none-match": `"${md5}"` }, "not-modified"],
    [{ "if-unmodified-since": before }, "PreconditionFailed"],
    [{ "if-unmodified-since": same }, "send"],
  ])("%j: %s", (headers, expected) => {
    expect(outcomeOf(() => checkReadConditions(withHeaders(headers), object))).toBe(expected);
  });
});

describe("conditions of a write", () => {
  it.each<[Record<string, string>, string, string]>([
    [{}, "write", "write"],
    [{ "if-none-match": "*" }, "PreconditionFailed", "write"],
    [{ "if-none-match": `"${md5}"` }, "NotImplemented", "NotImplemented"],
    [{ "if-match": `"${md5}"` }, "write", "NoSuchKey"],
    [{ "if-match": md5 }, "write", "NoSuchKey"],
    [{ "if-match": "*" }, "write", "NoSuchKey"],
    [{ "if-match": '"other"' }, "PreconditionFailed", "NoSuchKey"],
  ])("%j: %s over an object, %s over none", (headers, over, overNone) => {
    const put = (current: typeof object | undefined): unknown =>
      outcomeOf(() => {
        checkWriteConditions(withHeaders(headers), current);
        return "write";
      });
    expect([put(object), put(undefined)]).toEqual([over, overNone]);
  });
});

describe("a range", () => {
  it.each([
    ["bytes=0-0", 1000, { start: 0, length: 1 }],
    ["bytes=0-", 1000, { start: 0, length: 1000 }],
    ["bytes=999-5000", 1000, { start: 999, length: 1 }],
    ["bytes=-1", 1000, { start: 999, length: 1 }],
    ["bytes=-5000", 1000, { start: 0, length: 1000 }],
    ["bytes=5-4", 1000, undefined],
    ["bytes=-", 1000, undefined],
    ["bytes=0-1,3-4", 1000, undefined],
    ["lines=0-1", 1000, undefined],
    ["bytes=1000-", 1000, "InvalidRange"],
    ["bytes=-0", 1000, "InvalidRange"],
    ["bytes=0-", 0, "InvalidRange"],
    ["bytes=-1", 0, "InvalidRange"],
  ])("%s of %i bytes is %j", (range, size, expected) => {
    expect(outcomeOf(() => parseRange(withHeaders({ range }), size))).toEqual(expected);
  });
});
