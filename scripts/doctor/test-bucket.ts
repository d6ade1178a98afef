/** A bucket for the doctor's tests: the embedded store, good in every way unless a test spoils it. */
import { onTestFinished } from "vitest";
import { readEnvironment } from "../../service/environment.ts";
import type { Environment } from "../../service/settings-reader.ts";
import type { AccessKey, HttpAnswer, Send, ToSend } from "../dev-store/conformance/client.ts";
import { createBucketClient, send } from "../dev-store/conformance/client.ts";
import type { CorsRule, Credential, StoreOptions } from "../dev-store/index.ts";
import { startStore } from "../dev-store/index.ts";
import { makeTestDirectory } from "../dev-store/test-store.ts";
import type { CheckId, Finding, KeyRole, Status } from "./check.ts";
import type { DoctorOptions } from "./doctor.ts";
import { examine } from "./doctor.ts";
import type { Report } from "./report.ts";

export const appOrigin = "https://app.example";
const bucket = "doctor-test";
const region = "us-east-1";

const key = (id: string): AccessKey => ({ accessKeyId: id, secretAccessKey: `${id}-secret` });

export const goodCredentials: Readonly<Record<KeyRole, Credential>> = {
  read: { ...key("reader"), rights: { read: true, list: true } },
  write: { ...key("writer"), rights: { write: true } },
  admin: {
    ...key("admin"),
    rights: { read: true, write: true, list: true, delete: true, admin: true },
  },
};

export const goodCorsRule: CorsRule = {
  allowedOrigins: [appOrigin],
  allowedMethods: ["GET", "PUT"],
  allowedHeaders: ["content-type"],
  exposeHeaders: ["ETag", "Date"],
  maxAgeSeconds: 7200,
};

/** The environment of a service that uses the bucket. */
export function environmentOf(endpoint: string): Record<string, string> {
  const { read, write, admin } = goodCredentials;
  return {
    PRESYNC_ENDPOINT: endpoint,
    PRESYNC_REGION: region,
    PRESYNC_BUCKET: bucket,
    PRESYNC_READ_KEY_ID: read.accessKeyId,
    PRESYNC_READ_KEY_SECRET: read.secretAccessKey,
    PRESYNC_WRITE_KEY_ID: write.accessKeyId,
    PRESYNC_WRITE_KEY_SECRET: write.secretAccessKey,
    PRESYNC_ADMIN_KEY_ID: admin.accessKeyId,
    PRESYNC_ADMIN_KEY_SECRET: admin.secretAccessKey,
    PRESYNC_PUBLIC_URL: "https://sync.example",
    PRESYNC_ORIGINS: appOrigin,
    PRESYNC_SESSION_SECRET: "x".repeat(32),
  };
}

/** Starts the store; it ends with the test. */
export async function startBucket(options: Partial<StoreOptions> = {}): Promise<string> {
  const store = await startStore({
    dir: await makeTestDirectory(),
    buckets: [bucket],
    region,
    credentials: Object.values(goodCredentials),
    cors: [goodCorsRule],
    sync: false,
    ...options,
  });
  onTestFinished(() => store.close());
  return store.endpoint;
}

export interface Examination {
  readonly environment?: Environment;
  /** Stands between the doctor and the store; `pass` is the store as it is. */
  readonly tamper?: (url: string, toSend: ToSend, pass: Send) => Promise<HttpAnswer>;
  readonly options?: Partial<Pick<DoctorOptions, "fix" | "storeName">>;
}

export async function examineBucket(
  endpoint: string,
  { environment = {}, tamper, options = {} }: Examination = {},
): Promise<Report> {
  const { settings, mistakes, warnings } = readEnvironment({
    ...environmentOf(endpoint),
    ...environment,
  });
  if (settings === undefined) throw new Error(mistakes.join());
  const tampered: Send = (url, toSend = {}) =>
    tamper === undefined ? send(url, toSend) : tamper(url, toSend, send);
  return examine(
    { config: settings.config, warnings, fix: false, ...options },
    // A store that asks for patience in these tests means milliseconds.
    {
      send: tampered,
      pause: (ms) => new Promise((resolve) => setTimeout(resolve, ms / 10)),
      nonce: crypto.randomUUID(),
    },
  );
}

/** What there is to complain about, as `status check`, in the order in which it was found. */
export function complaintsOf({ findings }: Report): string[] {
  const bad: readonly Status[] = ["warning", "error"];
  return findings
    .filter(({ status }) => bad.includes(status))
    .map(({ status, check }) => `${status} ${check}`);
}

export function findingOf({ findings }: Report, check: CheckId): Finding | undefined {
  return findings.find((each) => each.check === check);
}

/** Sends the request as a key with every right would have signed it: what a store does that checks no signature. */
export async function sendAsOwner(
  endpoint: string,
  url: string,
  toSend: ToSend,
  pass: Send,
): Promise<HttpAnswer> {
  const client = createBucketClient({ endpoint, region, bucket }, key("admin"), pass);
  const { pathname, searchParams } = new URL(url);
  if (pathname === "/") return pass(url, toSend);
  const path = decodeURIComponent(pathname.slice(`/${bucket}`.length + 1));
  const query = [...searchParams].filter(([name]) => !name.startsWith("X-Amz-"));
  const signed = await client.presign({
    method: toSend.method ?? "GET",
    ...(path === "" ? {} : { key: path }),
    query: Object.fromEntries(query),
  });
  const headers = Object.entries(toSend.headers ?? {}).filter(
    ([name]) => !name.toLowerCase().startsWith("x-amz-") && name.toLowerCase() !== "authorization",
  );
  return pass(signed, { ...toSend, headers: Object.fromEntries(headers) });
}
