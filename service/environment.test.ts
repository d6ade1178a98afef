import { describe, expect, it } from "vitest";
import { checkConfig } from "./config.ts";
import { readEnvironment } from "./environment.ts";

const good = {
  PRESYNC_ENDPOINT: "https://s3.example.com",
  PRESYNC_REGION: "auto",
  PRESYNC_BUCKET: "presync",
  PRESYNC_READ_KEY_ID: "R",
  PRESYNC_READ_KEY_SECRET: "r",
  PRESYNC_WRITE_KEY_ID: "W",
  PRESYNC_WRITE_KEY_SECRET: "w",
  PRESYNC_ADMIN_KEY_ID: "A",
  PRESYNC_ADMIN_KEY_SECRET: "a",
  PRESYNC_PUBLIC_URL: "https://sync.example.com",
  PRESYNC_ORIGINS: "https://a.example.com, https://b.example.com",
  PRESYNC_SESSION_SECRET: `${"x".repeat(32)},${"y".repeat(32)}`,
} as const;

describe("the environment", () => {
  it("becomes a config that the service takes", () => {
    const { settings, mistakes, warnings } = readEnvironment({ ...good, HOME: "/root" });
    expect([mistakes, warnings]).toEqual([[], []]);
    expect(settings).toMatchObject({
      host: "127.0.0.1",
      port: 8787,
      config: {
        publicUrl: "https://sync.example.com",
        origins: ["https://a.example.com", "https://b.example.com"],
        sessionSecrets: ["x".repeat(32), "y".repeat(32)],
        store: { bucket: "presync", addressing: "path", write: { accessKeyId: "W" } },
      },
    });
    expect(settings && checkConfig(settings.config).grantSeconds).toBe(604_800);
  });

  it("may say that there are to be no hints", () => {
    const isOn = (PRESYNC_HINTS: string): unknown => {
      const { settings, mistakes } = readEnvironment({ ...good, PRESYNC_HINTS });
      return settings === undefined ? mistakes : checkConfig(settings.config).hints.isOn;
    };
    expect(["on", "off", "no"].map(isOn)).toEqual([
      true,
      false,
      ["PRESYNC_HINTS is neither `on` nor `off`"],
    ]);
  });

  it("may say more", () => {
    const { settings } = readEnvironment({
      ...good,
      PRESYNC_ADDRESSING: "virtual-host",
      PRESYNC_GRANT_SECONDS: "3600",
      PRESYNC_GRANT_SECONDS_MAX: "7200",
      PRESYNC_SESSION_SECONDS: "60",
      PRESYNC_QUOTA_BYTES: "1000000000",
      PRESYNC_QUOTA_REPLICAS: "12",
      PRESYNC_HOST: "0.0.0.0",
      PORT: "80",
    });
    expect(settings).toMatchObject({
      host: "0.0.0.0",
      port: 80,
      config: {
        grantSeconds: 3600,
        grantSecondsMax: 7200,
        sessionSeconds: 60,
        quota: { bytes: 1_000_000_000, objects: undefined, replicas: 12 },
        store: { addressing: "virtual-host" },
      },
    });
  });

  it("is told everything that is missing at once", () => {
    const { settings, mistakes } = readEnvironment({ PRESYNC_READ_KEY_ID: "R", PORT: "" });
    expect(settings).toBeUndefined();
    expect(mistakes).toEqual([
      "PRESYNC_PUBLIC_URL is not set",
      "PRESYNC_ORIGINS is not set",
      "PRESYNC_SESSION_SECRET is not set",
      "PRESYNC_ENDPOINT is not set",
      "PRESYNC_REGION is not set",
      "PRESYNC_BUCKET is not set",
      "PRESYNC_READ_KEY_SECRET is not set, but its other half is",
      "PRESYNC_WRITE_KEY_ID and PRESYNC_WRITE_KEY_SECRET are not set (nor is the standard AWS pair)",
      "PRESYNC_ADMIN_KEY_ID and PRESYNC_ADMIN_KEY_SECRET are not set (nor is the standard AWS pair)",
    ]);
  });

  it.each([
    ["PRESYNC_ENDPOINT", "https://s3.example.com/presync"],
    ["PRESYNC_ENDPOINT", "https://key:secret@s3.example.com"],
    ["PRESYNC_ENDPOINT", "s3.example.com"],
    ["PRESYNC_REGION", "eu west"],
    ["PRESYNC_BUCKET", "../etc"],
    ["PRESYNC_ADDRESSING", "vhost"],
    ["PRESYNC_PUBLIC_URL", "sync.example.com"],
    ["PRESYNC_ORIGINS", "https://a.example.com/"],
    ["PRESYNC_ORIGINS", "*"],
    ["PRESYNC_ORIGINS", "https://a.example.com,null"],
    ["PRESYNC_SESSION_SECRET", "short"],
    ["PRESYNC_SESSION_SECRET", `${"x".repeat(32)},short`],
    ["PRESYNC_GRANT_SECONDS", "1h"],
    ["PRESYNC_GRANT_SECONDS", "0"],
    ["PRESYNC_SESSION_SECONDS", "-1"],
    ["PRESYNC_QUOTA_BYTES", "1GB"],
    ["PRESYNC_QUOTA_OBJECTS", "0"],
    ["PRESYNC_QUOTA_REPLICAS", "-1"],
    ["PORT", "65536"],
    ["PORT", "http"],
  ])("is told what is wrong with %s=%s, without showing it", (name, value) => {
    const { mistakes } = readEnvironment({ ...good, [name]: value });
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).toMatch(new RegExp(`^${name} `));
    expect(mistakes[0]).not.toContain("secret@");
  });

  it("falls back to the standard AWS pair, loudly", () => {
    const { PRESYNC_WRITE_KEY_ID, PRESYNC_WRITE_KEY_SECRET, ...rest } = good;
    const standard = { AWS_ACCESS_KEY_ID: "S", AWS_SECRET_ACCESS_KEY: "s" };
    const { settings, warnings } = readEnvironment({ ...rest, ...standard });
    expect(settings?.config.store.write).toEqual({ accessKeyId: "S", secretAccessKey: "s" });
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^PRESYNC_WRITE_KEY_ID is not set.*DANGER/);
    const temporary = { ...rest, ...standard, AWS_SESSION_TOKEN: "t" };
    expect(readEnvironment(temporary).mistakes).toEqual([
      expect.stringMatching(/^PRESYNC_WRITE_KEY_ID .*temporary/),
    ]);
    expect([PRESYNC_WRITE_KEY_ID, PRESYNC_WRITE_KEY_SECRET]).toEqual(["W", "w"]);
  });

  it("warns of what works and should not stay so", () => {
    const { settings, warnings } = readEnvironment({
      ...good,
      PRESYNC_WRITE_KEY_ID: "R",
      PRESYNC_PUBLIC_URL: "http://sync.example.com",
      PRESYNC_GRANT_SECONDS: "9999999",
      PRESYNC_ORIGIN: "https://a.example.com",
    });
    expect(settings).toBeDefined();
    expect(warnings.map((line) => line.split(" ")[0])).toEqual([
      "PRESYNC_GRANT_SECONDS",
      "PRESYNC_WRITE_KEY_ID",
      "PRESYNC_PUBLIC_URL",
      "PRESYNC_ORIGIN",
    ]);
  });

  it("names the providers it is given everything of", () => {
    const github = { PRESYNC_GITHUB_CLIENT_ID: "g", PRESYNC_GITHUB_CLIENT_SECRET: "s" };
    const oidc = {
      PRESYNC_OIDC_ISSUER: "https://id.example.com",
      PRESYNC_OIDC_CLIENT_ID: "o",
      PRESYNC_OIDC_CLIENT_SECRET: "s",
    };
    const namesOf = (more: object): readonly string[] | undefined =>
      readEnvironment({ ...good, ...more }).settings?.config.providers?.map(({ name }) => name);
    expect(namesOf({})).toEqual([]);
    expect(namesOf(github)).toEqual(["github"]);
    expect(namesOf({ ...github, ...oidc })).toEqual(["github", "oidc"]);
    expect(namesOf({ ...oidc, PRESYNC_OIDC_NAME: "company" })).toEqual(["company"]);
  });

  it.each([
    [{ PRESYNC_GITHUB_CLIENT_ID: "g" }, "PRESYNC_GITHUB_CLIENT_SECRET is not set, but"],
    [{ PRESYNC_OIDC_ISSUER: "https://id.example.com" }, "PRESYNC_OIDC_CLIENT_ID is not set, but"],
    [{ PRESYNC_GITHUB_URL: "github" }, "PRESYNC_GITHUB_URL is not an http"],
  ])("says what is missing of a provider: %o", (more, mistake) => {
    const { settings, mistakes } = readEnvironment({ ...good, ...more });
    expect(settings).toBeUndefined();
    expect(mistakes.some((line) => line.startsWith(mistake))).toBe(true);
  });

  it("refuses a name for a provider that means something else, and warns of plain http", () => {
    const oidc = {
      PRESYNC_OIDC_ISSUER: "http://id.example.com",
      PRESYNC_OIDC_CLIENT_ID: "o",
      PRESYNC_OIDC_CLIENT_SECRET: "s",
    };
    expect(readEnvironment({ ...good, ...oidc }).warnings[0]).toContain("PRESYNC_OIDC_ISSUER");
    for (const name of ["key", "email", "refresh", "A", "with-dash"]) {
      const { mistakes } = readEnvironment({ ...good, ...oidc, PRESYNC_OIDC_NAME: name });
      expect(mistakes[0]).toContain("PRESYNC_OIDC_NAME");
    }
  });
});
