import { describe, expect, it } from "vitest";
import { listPage } from "./list-answer.ts";

describe("reading an answer of ListObjectsV2", () => {
  it("finds keys, times and the next page, in whatever order they stand", () => {
    const page = listPage(`<?xml version="1.0" encoding="UTF-8"?>
      <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
        <NextContinuationToken>a&amp;b==</NextContinuationToken>
        <Contents><LastModified>2026-01-02T03:04:05.678Z</LastModified><Key>a&lt;b</Key></Contents>
        <Contents>\n<Key>c</Key><ETag>&quot;e&quot;</ETag><Size>1</Size><LastModified>2026-01-02T03:04:06Z</LastModified></Contents>
        <IsTruncated>true</IsTruncated>
      </ListBucketResult>`);
    expect(page).toEqual({
      objects: [
        { key: "a<b", lastModified: Date.UTC(2026, 0, 2, 3, 4, 5, 678), bytes: 0, etag: "" },
        { key: "c", lastModified: Date.UTC(2026, 0, 2, 3, 4, 6), bytes: 1, etag: '"e"' },
      ],
      nextToken: "a&b==",
    });
  });

  it("goes on only where the answer says that there is more", () => {
    const xml =
      "<ListBucketResult><IsTruncated>false</IsTruncated><NextContinuationToken>x</NextContinuationToken></ListBucketResult>";
    expect(listPage(xml)).toEqual({ objects: [], nextToken: undefined });
  });

  it("leaves out entries that it cannot read", () => {
    const xml =
      "<ListBucketResult><Contents><Key>a</Key></Contents><Contents><LastModified>2026-01-02T03:04:06Z</LastModified></Contents></ListBucketResult>";
    expect(listPage(xml)?.objects).toEqual([]);
  });

  it.each(["", "{}", "<Error><Code>AccessDenied</Code></Error>", "<html></html>"])(
    "says of %j that it is none",
    (xml) => {
      expect(listPage(xml)).toBeUndefined();
    },
  );
});
