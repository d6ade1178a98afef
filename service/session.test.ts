import { SignJWT, UnsecuredJWT } from "jose";
import { describe, expect, it } from "vitest";
import { parseNamespace } from "../shared/keys.ts";
import { checkConfig } from "./config.ts";
import { deriveHmacKey } from "./derived-key.ts";
import { createMemoryBucket } from "./memory-bucket.ts";
import { createSessions } from "./session.ts";
import type { Sessions } from "./session.ts";
import { createStoreClient } from "./store-client.ts";
import { serviceOrigin, testConfig } from "./test-world.ts";

const namespace = parseNamespace("key:somebody");
const [secret = ""] = testConfig.sessionSecrets;
const id = "0123456789abcdef0123456789abcdef";
const clock = { ms: Date.UTC(2026, 0, 2) };

function sessionsWith(...sessionSecrets: string[]): Sessions {
  const { fetch } = createMemoryBucket(() => clock.ms);
  const given = { ...testConfig, sessionSeconds: 3600, now: () => clock.ms, fetch };
  const config = checkConfig({ ...given, sessionSecrets });
  return createSessions(createStoreClient(config), config);
}

interface Claims {
  readonly typ?: string;
  readonly issuer?: string;
  readonly audience?: string;
  readonly subject?: string;
  readonly label?: string;
  readonly family?: unknown;
  readonly generation?: unknown;
}

/** A token as the service makes them, but for what is changed. */
async function forge(changes: Claims): Promise<string> {
  const seconds = clock.ms / 1000;
  const key = await deriveHmacKey(secret, changes.label ?? "presync/v1/session");
  return new SignJWT({ fam: changes.family ?? id, gen: changes.generation ?? 0 })
    .setProtectedHeader({ alg: "HS256", typ: changes.typ ?? "presync-session+jwt" })
    .setIssuer(changes.issuer ?? serviceOrigin)
    .setAudience(changes.audience ?? `${serviceOrigin}/v1/grants`)
    .setSubject(changes.subject ?? namespace)
    .setJti(id)
    .setIssuedAt(seconds)
    .setExpirationTime(seconds + 60)
    .sign(key);
}

async function verdictOn(sessions: Sessions, token: string): Promise<string> {
  return sessions.authenticate(`Bearer ${token}`).then(
    (member) => member.namespace,
    (error: { code: string }) => error.code,
  );
}

describe("sessions", () => {
  it("speak for the namespace they were issued to", async () => {
    const sessions = sessionsWith(secret);
    const { session } = await sessions.issue(namespace);
    expect(await verdictOn(sessions, session)).toBe(namespace);
  });

  it("are bearer tokens, and nothing else is", async () => {
    const sessions = sessionsWith(secret);
    const { session } = await sessions.issue(namespace);
    for (const header of [undefined, "", session, `Basic ${session}`, `Bearer ${session} x`])
      await expect(sessions.authenticate(header)).rejects.toMatchObject({
        code: "unauthenticated",
      });
  });

  it("expire", async () => {
    const sessions = sessionsWith(secret);
    const { session, expiresAt } = await sessions.issue(namespace);
    const before = clock.ms;
    clock.ms = expiresAt;
    expect(await verdictOn(sessions, session)).toBe("unauthenticated");
    clock.ms = before;
  });

  it("are worthless after any change", async () => {
    const sessions = sessionsWith(secret);
    const { session } = await sessions.issue(namespace);
    const [header = "", payload = "", signature = ""] = session.split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    const raised = Buffer.from(JSON.stringify({ ...claims, sub: "key:other" })).toString(
      "base64url",
    );
    const tampered = [
      `${header}.${raised}.${signature}`,
      `${header}.${payload}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`,
      `${header}.${payload}.`,
      `${header}.${payload}`,
      "..",
    ];
    for (const token of tampered) expect(await verdictOn(sessions, token)).toBe("unauthenticated");
  });

  it("are never unsigned", async () => {
    const seconds = clock.ms / 1000;
    const token = new UnsecuredJWT({ fam: id, gen: 0 })
      .setIssuer(serviceOrigin)
      .setAudience(`${serviceOrigin}/v1/grants`)
      .setSubject(namespace)
      .setJti(id)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + 60)
      .encode();
    expect(await verdictOn(sessionsWith(secret), token)).toBe("unauthenticated");
  });

  it("have one type, issuer, audience and purpose", async () => {
    const sessions = sessionsWith(secret);
    expect(await verdictOn(sessions, await forge({}))).toBe(namespace);
    const foreign: Claims[] = [
      { typ: "JWT" },
      { issuer: "https://evil.example.com" },
      { audience: serviceOrigin },
      { subject: "../../admin" },
      { label: "presync/v1/key-challenge" },
      { family: "../../replicas" },
      { family: 7 },
      { generation: -1 },
      { generation: 0.5 },
      { generation: 1e9 },
      { generation: "0" },
    ];
    for (const changes of foreign)
      expect(await verdictOn(sessions, await forge(changes))).toBe("unauthenticated");
  });

  it("outlive the rotation of the secret for as long as it is in the list", async () => {
    const fresh = "the-new-secret-which-is-long-enough!!";
    const { session } = await sessionsWith(secret).issue(namespace);
    expect(await verdictOn(sessionsWith(fresh, secret), session)).toBe(namespace);
    expect(await verdictOn(sessionsWith(fresh), session)).toBe("unauthenticated");
    const { session: later } = await sessionsWith(fresh, secret).issue(namespace);
    expect(await verdictOn(sessionsWith(fresh), later)).toBe(namespace);
  });

  it("never appear in the error that refuses them", async () => {
    const { session } = await sessionsWith("another-secret-that-is-long-enough!").issue(namespace);
    const error: unknown = await sessionsWith(secret)
      .authenticate(`Bearer ${session}`)
      .catch((reason: unknown) => reason);
    expect(String(error)).not.toContain(session.slice(0, 10));
  });
});
