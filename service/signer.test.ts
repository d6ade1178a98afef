import { AwsV4Signer } from "aws4fetch";
import { describe, expect, it } from "vitest";
import type { Grant } from "../shared/grants.ts";
import { encodeKey, objectContentType, revealSignedUrl } from "../shared/grants.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import { defaultLayout, objectNames, parseNamespace, parseReplicaId } from "../shared/keys.ts";
import type { StoreConfig } from "./config.ts";
import { createSigner } from "./signer.ts";
import { testConfig } from "./test-world.ts";

const namespace = parseNamespace("key:aB-_9");
const own = parseReplicaId("browser-0123456789ab");
const other = parseReplicaId("node-ba9876543210");
const signedAt = Date.UTC(2026, 0, 2, 3, 4, 5);
const datetime = "20260102T030405Z";
const grantSeconds = 4000;
const { read, write } = testConfig.store;

async function grantOn(changes: Partial<StoreConfig>): Promise<Grant> {
  const store = { addressing: "path", ...testConfig.store, ...changes } as const;
  const signer = createSigner({ store, layout: defaultLayout, grantSeconds });
  const owned = { replica: own, state: "own" } as const;
  const known = { replica: other, state: "active" } as const;
  return {
    version: 1,
    namespace,
    replica: own,
    layout: defaultLayout,
    issuedAt: signedAt,
    expiresAt: signedAt + grantSeconds * 1000,
    put: await signer.sign({ method: "PUT", namespace, replicas: [owned], signedAt }),
    get: await signer.sign({ method: "GET", namespace, replicas: [owned, known], signedAt }),
  };
}

/** What aws4fetch says of one key, without a template. */
async function signAlone(
  base: string,
  method: "PUT" | "GET",
  replica: ReplicaId,
  name: string,
): Promise<string> {
  const { url } = await new AwsV4Signer({
    ...(method === "PUT" ? write : read),
    method,
    url: `${base}${encodeKey(namespace, replica, name)}?X-Amz-Expires=${grantSeconds}`,
    service: "s3",
    region: testConfig.store.region,
    signQuery: true,
    allHeaders: true,
    datetime,
    ...(method === "PUT" ? { headers: { "content-type": objectContentType } } : {}),
  }).sign();
  return url.href;
}

function queryOf(id: string, headers: string): string {
  return (
    `?X-Amz-Expires=4000&X-Amz-Date=${datetime}&X-Amz-Algorithm=AWS4-HMAC-SHA256` +
    `&X-Amz-Credential=${id}%2F20260102%2Fus-east-1%2Fs3%2Faws4_request` +
    `&X-Amz-SignedHeaders=${headers}&X-Amz-Signature={signature}`
  );
}

describe.each([
  { name: "path-style", changes: {}, base: "http://127.0.0.1:9/test-bucket/" },
  {
    name: "virtual-host",
    changes: { addressing: "virtual-host", endpoint: "https://s3.example.com" } as const,
    base: "https://test-bucket.s3.example.com/",
  },
])("$name URLs out of a grant", ({ changes, base }) => {
  it("are what aws4fetch signs for each key by itself", async () => {
    const grant = await grantOn(changes);
    for (const name of objectNames(defaultLayout)) {
      expect(revealSignedUrl(grant, "put", own, name)).toBe(
        await signAlone(base, "PUT", own, name),
      );
      for (const replica of [own, other])
        expect(revealSignedUrl(grant, "get", replica, name)).toBe(
          await signAlone(base, "GET", replica, name),
        );
    }
  });

  it("spell every part as it was signed", async () => {
    const { put, get } = await grantOn(changes);
    expect(put!.template).toBe(`${base}{key}${queryOf("WRITE", "content-type%3Bhost")}`);
    expect(get.template).toBe(`${base}{key}${queryOf("READ", "host")}`);
  });
});

describe("the signer", () => {
  const signer = createSigner({
    store: { addressing: "path", ...testConfig.store },
    layout: defaultLayout,
    grantSeconds,
  });

  it("signs no key with a segment outside of the allow-list", async () => {
    const hostile: [string, string][] = [
      ["key:a/../b", own],
      ["..", own],
      ["key:%2e%2e", own],
      [namespace, "browser-01/../../key:b"],
      [namespace, ".."],
      [namespace, "browser-XYZ"],
    ];
    for (const [space, replica] of hostile)
      await expect(
        signer.sign({
          method: "GET",
          namespace: space as Namespace,
          replicas: [{ replica: replica as ReplicaId, state: "active" }],
          signedAt,
        }),
      ).rejects.toMatchObject({ code: "invalid-argument" });
  });

  it("has something to sign", async () => {
    await expect(
      signer.sign({ method: "GET", namespace, replicas: [], signedAt }),
    ).rejects.toMatchObject({ code: "internal" });
  });
});
