/** What the tests of the service share: a config, a hand on its clock, and a user who signs in. */
import { Hono } from "hono";
import { encodeBase64Url } from "../shared/base64url.ts";
import type { EnvelopeTools } from "../shared/codecs/envelope.ts";
import { sealEnvelope } from "../shared/codecs/envelope.ts";
import type { Manifest } from "../shared/codecs/manifest.ts";
import { encodeManifest } from "../shared/codecs/manifest.ts";
import type { Device, DevicesAnswer } from "../shared/devices.ts";
import type { Grant, GrantRequest } from "../shared/grants.ts";
import { parseGrant } from "../shared/grants.ts";
import { objectKey } from "../shared/keys.ts";
import type { KeyChallengeAnswer, SessionAnswer } from "../shared/sign-in.ts";
import { keySignInText } from "../shared/sign-in.ts";
import type { ServiceConfig } from "./config.ts";
import { createService } from "./create-service.ts";
import type { LogEvent } from "./log.ts";
import type { MemoryBucket } from "./memory-bucket.ts";
import { createMemoryBucket } from "./memory-bucket.ts";

export const appOrigin = "https://app.example.com";
export const serviceOrigin = "https://sync.example.com";

export const testConfig: ServiceConfig = {
  publicUrl: `${serviceOrigin}/`,
  origins: [appOrigin],
  sessionSecrets: ["a-session-secret-that-is-long-enough"],
  store: {
    endpoint: "http://127.0.0.1:9",
    region: "us-east-1",
    bucket: "test-bucket",
    read: { accessKeyId: "READ", secretAccessKey: "read-secret" },
    write: { accessKeyId: "WRITE", secretAccessKey: "write-secret" },
    admin: { accessKeyId: "ADMIN", secretAccessKey: "admin-secret" },
  },
};

export interface TestWorld {
  readonly app: Hono;
  readonly bucket: MemoryBucket;
  readonly events: LogEvent[];
  readonly clock: { ms: number };
  /** A further instance, on the same bucket and clock. */
  readonly another: (changes?: Partial<ServiceConfig>) => Hono;
}

export function createTestWorld(changes: Partial<ServiceConfig> = {}): TestWorld {
  const clock = { ms: Date.UTC(2026, 0, 2, 3, 4, 5, 678) };
  const bucket = createMemoryBucket(() => clock.ms);
  const events: LogEvent[] = [];
  const another = (more: Partial<ServiceConfig> = {}): Hono =>
    createService({
      ...testConfig,
      fetch: bucket.fetch,
      now: () => clock.ms,
      log: (event) => events.push(event),
      ...changes,
      ...more,
    });
  return { app: inTurn(another), bucket, events, clock, another };
}

/**
 * The service as clients see it: `PRESYNC_TEST_INSTANCES` instances, one by default, of which each request goes to the next
 * one, as behind a proxy that keeps nobody at one of them.
 */
export function inTurn(create: () => Hono): Hono {
  const count = Number(process.env["PRESYNC_TEST_INSTANCES"] ?? 1);
  if (count === 1) return create();
  const instances = Array.from({ length: count }, create);
  let turn = 0;
  return new Hono().all("*", (c) => instances[turn++ % count]!.fetch(c.req.raw, c.env));
}

export interface TestKey {
  readonly publicKey: string;
  sign(text: string): Promise<string>;
}

/** A fresh key pair, or the one of RFC 8037 appendix A.1, whose thumbprint is printed there. */
export async function createTestKey(which: "fresh" | "rfc8037" = "fresh"): Promise<TestKey> {
  const pair = which === "fresh" ? await freshPair() : await rfc8037Pair();
  return {
    publicKey: encodeBase64Url(
      new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey)),
    ),
    sign: async (text) => {
      const bytes = new TextEncoder().encode(text);
      return encodeBase64Url(
        new Uint8Array(await crypto.subtle.sign("Ed25519", pair.privateKey, bytes)),
      );
    },
  };
}

type AnyKey = Awaited<ReturnType<typeof crypto.subtle.importKey>>;
interface Pair {
  readonly publicKey: AnyKey;
  readonly privateKey: AnyKey;
}

async function freshPair(): Promise<Pair> {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  if ("privateKey" in pair) return pair;
  throw new Error("an Ed25519 key is a pair");
}

async function rfc8037Pair(): Promise<Pair> {
  const x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
  const d = "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A";
  const jwk = { kty: "OKP", crv: "Ed25519", x };
  return {
    publicKey: await crypto.subtle.importKey("jwk", jwk, "Ed25519", true, ["verify"]),
    privateKey: await crypto.subtle.importKey("jwk", { ...jwk, d }, "Ed25519", true, ["sign"]),
  };
}

export function post(
  app: Hono,
  path: string,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return Promise.resolve(
    app.request(path, {
      method: "POST",
      body: JSON.stringify(body),
      headers: { "content-type": "application/json", origin: appOrigin, ...headers },
    }),
  );
}

/** `status code`, as in `403 denied`. */
export async function refusalOf(answer: Response | Promise<Response>): Promise<string> {
  const response = await answer;
  const body = (await response.json()) as { error?: { code?: string; message?: string } };
  if (typeof body.error?.message !== "string") return `${response.status} without a refusal`;
  return `${response.status} ${body.error.code}`;
}

export async function challengeFor(app: Hono, publicKey: string): Promise<string> {
  const answer = await post(app, "/v1/auth/key/challenge", { publicKey });
  return ((await answer.json()) as KeyChallengeAnswer).challenge;
}

export async function signIn(app: Hono, key: TestKey): Promise<SessionAnswer> {
  const challenge = await challengeFor(app, key.publicKey);
  const signature = await key.sign(keySignInText(serviceOrigin, challenge));
  const { publicKey } = key;
  const answer = await post(app, "/v1/auth/key/verify", { publicKey, challenge, signature });
  if (answer.status !== 200) throw new Error(`signing in was answered ${answer.status}`);
  return (await answer.json()) as SessionAnswer;
}

export function askGrant(app: Hono, session: string, request: GrantRequest): Promise<Response> {
  return post(app, "/v1/grants", request, { authorization: `Bearer ${session}` });
}

/** A call of a user, as the worker makes it. */
export function postAs(app: Hono, session: string, path: string, body: unknown): Promise<Response> {
  return post(app, path, body, { authorization: `Bearer ${session}` });
}

export async function getDevices(app: Hono, session: string): Promise<readonly Device[]> {
  const headers = { authorization: `Bearer ${session}`, origin: appOrigin };
  const answer = await app.request("/v1/devices", { headers });
  if (answer.status !== 200) throw new Error(`asking for devices was answered ${answer.status}`);
  return ((await answer.json()) as DevicesAnswer).devices;
}

/** What it makes is small: nothing is deflated. */
const tools: EnvelopeTools = {
  sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes.slice())),
  deflate: async (bytes) => bytes,
  inflate: async (bytes) => bytes,
};

/** As a device writes it: with its signed URLs, past the service. */
export async function putManifest(
  { bucket, clock }: Pick<TestWorld, "bucket" | "clock">,
  grant: Pick<Grant, "namespace" | "replica">,
  generation: number,
  adopted: Manifest["adopted"] = [],
): Promise<string> {
  const manifest: Manifest = {
    replica: grant.replica,
    incarnation: 1,
    nonce: new Uint8Array(8),
    time: { wallMs: clock.ms, counter: 0 },
    dataVersion: 0,
    tail: { first: 1, last: 0, documents: [] },
    slots: [],
    fledFrom: [],
    adopted,
    wants: [],
    unreadable: [],
    line: [],
  };
  const body = encodeManifest(manifest);
  const bytes = await sealEnvelope({ kind: "manifest", generation, body }, tools);
  const key = objectKey(grant.namespace, grant.replica, "manifest");
  bucket.objects.set(key, { text: "", bytes, modifiedAt: clock.ms });
  return key;
}

export async function getGrant(
  app: Hono,
  session: string,
  request: GrantRequest = { kind: "browser" },
): Promise<Grant> {
  const answer = await askGrant(app, session, request);
  if (answer.status !== 200) throw new Error(`asking for a grant was answered ${answer.status}`);
  return parseGrant(await answer.json());
}
