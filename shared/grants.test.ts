import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { encodeBase64Url } from "./base64url.ts";
import type { Grant, GrantedReplicaState } from "./grants.ts";
import { encodeKey, parseGrant, revealSignedUrl, signatureBytes } from "./grants.ts";
import { defaultLayout, objectNames, parseNamespace, parseReplicaId } from "./keys.ts";

const namespace = parseNamespace("key:aB-_9");
const own = parseReplicaId("browser-0123456789ab");
const other = parseReplicaId("node-0123456789ab");
const names = objectNames(defaultLayout);

/** Signatures of which every byte is told apart by replica and place. */
function signatures(seed: number): string {
  return encodeBase64Url(
    Uint8Array.from({ length: names.length * signatureBytes }, (_, at) => (at * 7 + seed) & 255),
  );
}

function entry(replica: string, state: GrantedReplicaState, seed: number): object {
  return { replica, state, signatures: signatures(seed) };
}

function sample(): Record<string, unknown> {
  return {
    version: 1,
    namespace,
    replica: own,
    layout: { ...defaultLayout },
    issuedAt: 1000,
    expiresAt: 2000,
    put: {
      template: "https://store/bucket/{key}?p&X-Amz-Signature={signature}",
      replicas: [entry(own, "own", 1)],
    },
    get: {
      template: "https://store/bucket/{key}?g&X-Amz-Signature={signature}",
      replicas: [entry(own, "own", 2), entry(other, "active", 3)],
    },
  };
}

function codeOf(value: unknown): string {
  try {
    parseGrant(value);
  } catch (error) {
    return (error as { code?: string }).code ?? "no code";
  }
  return "none";
}

describe("reading a grant", () => {
  it("takes what the service makes, and leaves out what it does not know", () => {
    const grant = parseGrant(JSON.parse(JSON.stringify({ ...sample(), extra: 1 })));
    expect(grant).toEqual(sample());
  });

  it("may have no PUTs at all, where the user is over a quota", () => {
    const grant = parseGrant({ ...sample(), put: null });
    expect(grant.put).toBeNull();
    expect(revealSignedUrl(grant, "put", grant.replica, "manifest")).toBeUndefined();
    expect(revealSignedUrl(grant, "get", grant.replica, "manifest")).toBeDefined();
    expect(() => parseGrant({ ...sample(), get: null })).toThrow("a part missing");
  });

  it("refuses another version as such", () => {
    expect(codeOf({ ...sample(), version: 2 })).toBe("unsupported-version");
    expect(codeOf({ ...sample(), version: "1" })).toBe("unsupported-version");
  });

  const put = sample()["put"] as { template: string; replicas: object[] };
  const get = sample()["get"] as { template: string; replicas: object[] };
  it.each([
    ["no object", null],
    ["an empty one", {}],
    ["another namespace", { ...sample(), namespace: "../admin" }],
    ["a malformed replica", { ...sample(), replica: "browser-0/.." }],
    ["no layout", { ...sample(), layout: undefined }],
    ["a layout that is none", { ...sample(), layout: { levels: 1e9, slotsPerLevel: 3 } }],
    ["a layout of text", { ...sample(), layout: { levels: "1", slotsPerLevel: "10" } }],
    ["no times", { ...sample(), issuedAt: undefined }],
    ["a time before 1970", { ...sample(), expiresAt: -1 }],
    ["a time of text", { ...sample(), expiresAt: "2000" }],
    ["no PUTs", { ...sample(), put: undefined }],
    [
      "PUTs of another replica",
      { ...sample(), put: { ...put, replicas: [entry(other, "own", 1)] } },
    ],
    ["PUTs of two", { ...sample(), put: { ...put, replicas: get.replicas } }],
    ["PUTs of none", { ...sample(), put: { ...put, replicas: [] } }],
    ["no template", { ...sample(), get: { ...get, template: undefined } }],
    ["a template without key", { ...sample(), get: { ...get, template: "https://s/{signature}" } }],
    ["a template without signature", { ...sample(), get: { ...get, template: "https://s/{key}" } }],
    ["replicas that are no list", { ...sample(), get: { ...get, replicas: {} } }],
    [
      "too many replicas",
      { ...sample(), get: { ...get, replicas: Array(1025).fill(get.replicas[0]) } },
    ],
    [
      "an unknown state",
      { ...sample(), get: { ...get, replicas: [{ ...get.replicas[0], state: "x" }] } },
    ],
    [
      "no signatures",
      { ...sample(), get: { ...get, replicas: [{ ...get.replicas[0], signatures: 1 }] } },
    ],
    ["one signature less", { ...sample(), layout: { levels: 1, slotsPerLevel: 11 } }],
    [
      "signatures in hex",
      { ...sample(), get: { ...get, replicas: [{ ...get.replicas[0], signatures: "%" }] } },
    ],
  ])("refuses %s", (_, value) => {
    // Parts that have a parser of their own are refused with its code.
    expect(codeOf(value)).toMatch(/^(malformed|invalid-argument|unsupported-version)$/);
  });

  it("refuses nonsense with a code, whatever it is", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(...Object.keys(sample())), (value, key) => {
        expect(codeOf(value)).not.toBe("no code");
        expect(codeOf({ ...sample(), [key]: value })).not.toBe("no code");
      }),
    );
  });
});

describe("a signed URL", () => {
  const grant: Grant = parseGrant(sample());

  it("is filled in with the encoded key and that key's own signature", () => {
    const url = revealSignedUrl(grant, "get", other, "seg/0/0");
    const hex = Array.from({ length: signatureBytes }, (_, at) =>
      ((((2 * signatureBytes + at) * 7 + 3) & 255) + 256).toString(16).slice(1),
    ).join("");
    expect(url).toBe(
      `https://store/bucket/key%3AaB-_9/node-0123456789ab/seg/0/0?g&X-Amz-Signature=${hex}`,
    );
  });

  it("is another one for each key, method and replica", () => {
    const urls = names.flatMap((name) => [
      revealSignedUrl(grant, "put", own, name),
      revealSignedUrl(grant, "get", own, name),
      revealSignedUrl(grant, "get", other, name),
    ]);
    expect(new Set(urls).size).toBe(3 * names.length);
  });

  it("is not there for what was not granted", () => {
    expect(revealSignedUrl(grant, "put", other, "manifest")).toBeUndefined();
    expect(
      revealSignedUrl(grant, "get", parseReplicaId("node-000000"), "manifest"),
    ).toBeUndefined();
    for (const name of ["", "seg/0/10", "seg/5/0", "../manifest", "constructor"])
      expect(revealSignedUrl(grant, "get", own, name)).toBeUndefined();
  });

  it("has a path that is a URL's own spelling", () => {
    for (const name of names) {
      const path = encodeKey(namespace, own, name);
      expect(new URL(`https://store/${path}`).pathname).toBe(`/${path}`);
      expect(decodeURIComponent(path)).toBe(`${namespace}/${own}/${name}`);
    }
  });
});
