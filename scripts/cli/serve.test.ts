/** What `presync serve` adds to the service: metrics, and mail. */
import { randomBytes } from "node:crypto";
import { connect } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { Serving } from "./serve.ts";
import { startService } from "./serve.ts";

const environment = {
  PRESYNC_ENDPOINT: "http://127.0.0.1:9",
  PRESYNC_REGION: "us-east-1",
  PRESYNC_BUCKET: "bucket",
  PRESYNC_READ_KEY_ID: "R",
  PRESYNC_READ_KEY_SECRET: "r",
  PRESYNC_WRITE_KEY_ID: "W",
  PRESYNC_WRITE_KEY_SECRET: "w",
  PRESYNC_ADMIN_KEY_ID: "A",
  PRESYNC_ADMIN_KEY_SECRET: "a",
  PRESYNC_PUBLIC_URL: "http://127.0.0.1:1",
  PRESYNC_ORIGINS: "http://127.0.0.1:2",
  PRESYNC_SESSION_SECRET: "a-session-secret-that-is-long-enough",
  PORT: "0",
};

let serving: Serving | undefined;
let warned: string[];

afterEach(async () => {
  await serving?.close();
  serving = undefined;
});

async function start(more: Readonly<Record<string, string>>): Promise<Serving> {
  const settings = { ...environment, ...more };
  warned = [];
  serving = await startService(
    settings,
    (line) => warned.push(line),
    () => {},
  );
  return serving;
}

test("metrics name routes and not what stands in their place, on a port of their own", async () => {
  const { url, metricsUrl } = await start({ PRESYNC_METRICS_PORT: "0" });
  await fetch(`${url}/v1/auth`);
  await fetch(`${url}/v1/auth/email/link/some-secret`);
  const text = await (await fetch(metricsUrl!)).text();
  expect(text).toMatch(
    /presync_request_seconds_count\{method="GET",route="\/v1\/auth",status="200"\} 1/,
  );
  expect(text).not.toContain("some-secret");
  expect(text).toContain("process_cpu_user_seconds_total");
  expect((await fetch(`${url}/metrics`)).status).toBe(404);
  expect((await fetch(new URL("/", metricsUrl))).status).toBe(404);
});

test("who serves https is asked about proxies, because limits go by the client", async () => {
  const publicUrl = { PRESYNC_PUBLIC_URL: "https://sync.example.com" };
  await start(publicUrl);
  expect(warned.join()).toContain("PRESYNC_PROXIES");
  await serving?.close();
  await start({ ...publicUrl, PRESYNC_PROXIES: "1" });
  expect(warned).toEqual([]);
});

test("without a port for metrics there are none", async () => {
  expect((await start({})).metricsUrl).toBeUndefined();
});

test("a client that asks too often is told to wait", async () => {
  const { url } = await start({});
  const origin = environment.PRESYNC_ORIGINS;
  const statuses = new Set<number>();
  let retryAfter: string | null = null;
  for (let n = 0; n < 130; n++) {
    const answer = await fetch(`${url}/v1/auth/redeem`, {
      method: "POST",
      headers: { origin, "content-type": "application/json" },
      body: "{}",
    });
    statuses.add(answer.status);
    retryAfter = answer.headers.get("retry-after");
    if (answer.status === 429)
      expect(answer.headers.get("access-control-allow-origin")).toBe(origin);
  }
  expect([...statuses]).toEqual([400, 429]);
  expect(Number(retryAfter)).toBeGreaterThan(0);
});

test("whatever is asked, there is a limit to it", async () => {
  const { url } = await start({});
  const statuses = new Map<number, number>();
  for (let batch = 0; batch < 13; batch++) {
    const requests = Array.from({ length: 100 }, () => fetch(`${url}/v1/nothing`));
    for (const { status } of await Promise.all(requests))
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
  }
  expect(Object.fromEntries(statuses)).toEqual({ 404: 1200, 429: 100 });
});

test("the ways to sign in are those that the environment has settings for", async () => {
  const { url } = await start({
    PRESYNC_SMTP_URL: "smtp://127.0.0.1:1",
    PRESYNC_MAIL_FROM: "Notes <no-reply@example.com>",
  });
  expect(await (await fetch(`${url}/v1/auth`)).json()).toEqual({ methods: ["key", "email"] });
});

/** What is answered to these bytes until the service closes the connection. */
function answerTo(url: string, bytes: string): Promise<string> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(Number(new URL(url).port), "127.0.0.1", () => socket.write(bytes));
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString()));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(answer.split("\r\n")[0] ?? ""));
  });
}

// Node itself would wait for a minute for the one, and for five for the other.
test("who holds a connection and does not finish a request is closed", async () => {
  const { url } = await start({});
  const head = "POST /v1/auth/redeem HTTP/1.1\r\nHost: sync.example.com\r\n";
  const answers = await Promise.all([
    answerTo(url, head),
    answerTo(url, `${head}Content-Type: application/json\r\nContent-Length: 4000\r\n\r\n{`),
  ]);
  expect(answers).toEqual(["HTTP/1.1 408 Request Timeout", "HTTP/1.1 408 Request Timeout"]);
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});

test("what is no HTTP, or has huge headers, is refused, and the next request is served", async () => {
  const { url } = await start({});
  expect(await answerTo(url, `${randomBytes(500).toString("latin1")}\r\n\r\n`)).toContain("400");
  const huge = `GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer ${"a".repeat(20_000)}\r\n\r\n`;
  expect(await answerTo(url, huge)).toContain("431");
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
});
