import { describe, expect, it } from "vitest";
import { profileOf, storeNames } from "./profiles.ts";

describe("the store", () => {
  it.each([
    ["https://s3.eu-central-1.amazonaws.com", "Amazon S3"],
    ["https://s3.cn-north-1.amazonaws.com.cn", "Amazon S3"],
    ["https://0123456789abcdef.r2.cloudflarestorage.com", "Cloudflare R2"],
    ["https://0123456789abcdef.eu.r2.cloudflarestorage.com", "Cloudflare R2"],
    ["https://fly.storage.tigris.dev", "Tigris"],
    ["https://t3.storage.dev", "Tigris"],
    ["https://storage.googleapis.com", "Google Cloud Storage"],
    ["https://s3.us-west-004.backblazeb2.com", "Backblaze B2"],
    ["https://s3.example.com", "a store this version does not know"],
    ["https://amazonaws.com.example.com", "a store this version does not know"],
    ["https://notbackblazeb2.com", "a store this version does not know"],
  ])("behind %s is %s", (endpoint, title) => {
    expect(profileOf(endpoint).title).toBe(title);
  });

  it("is the one that was named, whatever the host", () => {
    for (const name of storeNames)
      expect(
        profileOf("https://s3.eu-central-1.amazonaws.com", name).title.toLowerCase(),
      ).toContain({ s3: "s3", r2: "r2", gcs: "google", b2: "b2" }[name as string] ?? name);
  });
});
