import { expect, it } from "vitest";
import { createBucketClient } from "./client.ts";

it.each([
  [undefined, "http://[::1]:9000", "http://[::1]:9000/box/a%3Ab/c"],
  ["path", "https://s3.example", "https://s3.example/box/a%3Ab/c"],
  ["virtual-host", "https://s3.example", "https://box.s3.example/a%3Ab/c"],
] as const)("names the bucket by %s addressing", async (addressing, endpoint, url) => {
  const address = { endpoint, region: "auto", bucket: "box" };
  const key = { accessKeyId: "a", secretAccessKey: "s" };
  const client = createBucketClient(
    addressing === undefined ? address : { ...address, addressing },
    key,
  );
  const signed = await client.presign({ key: "a:b/c" });
  expect(signed.split("?")[0]).toBe(url);
  expect(new URL(await client.presign({})).href.split("?")[0]).toBe(
    url.replace("/a%3Ab/c", addressing === "virtual-host" ? "/" : ""),
  );
});
