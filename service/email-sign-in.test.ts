import type { Hono } from "hono";
import { beforeEach, expect, test } from "vitest";
import type { SessionAnswer } from "../shared/sign-in.ts";
import { readReturn } from "../shared/sign-in.ts";
import type { Mail } from "./mailer.ts";
import { createMemoryLimits } from "./rate-limits.ts";
import type { TestWorld } from "./test-world.ts";
import {
  appOrigin,
  createTestWorld,
  getGrant,
  post,
  refusalOf,
  serviceOrigin,
  testConfig,
} from "./test-world.ts";
import { textHash } from "./text-hash.ts";

const address = "ada@example.com";
const returnTo = `${appOrigin}/notes?list=1#today`;
const minuteMs = 60_000;
const verifier = "a-verifier-that-only-the-asking-worker-knows-1";

let mails: Mail[];
let world: TestWorld;

function createWorld(send: (mail: Mail) => boolean = () => true): TestWorld {
  mails = [];
  return createTestWorld({
    email: {
      mailer: {
        async send(mail) {
          mails.push(mail);
          return send(mail);
        },
      },
    },
  });
}

beforeEach(() => {
  world = createWorld();
});

async function ask(email: string = address, by: string = verifier): Promise<Response> {
  const challenge = await textHash(by);
  return post(world.app, "/v1/auth/email", { email, challenge, return: returnTo });
}

/** The path of the link in the newest mail. */
function linkOf(mail: Mail | undefined): string {
  const [link] = /https:\S+/.exec(mail?.text.split("\n\n")[1] ?? "") ?? [];
  expect(mail?.html).toContain(`href="${link}"`);
  return new URL(link ?? "").pathname;
}

function press(path: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
  const own = { origin: serviceOrigin, "sec-fetch-site": "same-origin", ...headers };
  return Promise.resolve(world.app.request(path, { method: "POST", headers: own }));
}

async function codeFrom(pressed: Promise<Response>): Promise<string> {
  const answer = await pressed;
  expect(answer.status).toBe(303);
  const { href, hash } = new URL(answer.headers.get("location") ?? "");
  expect(href.startsWith(returnTo)).toBe(true);
  const back = readReturn(hash);
  expect(back).toMatchObject({ kind: "code", rest: "#today" });
  return back?.value ?? "";
}

function redeem(code: string, by: string = verifier, app: Hono = world.app): Promise<Response> {
  return post(app, "/v1/auth/redeem", { code, verifier: by });
}

test("the link signs in whoever asked, once", async () => {
  expect((await ask()).status).toBe(202);
  expect(mails).toHaveLength(1);
  expect(mails[0]).toMatchObject({ to: address, subject: "Sign in to app.example.com" });
  const path = linkOf(mails[0]);
  const code = await codeFrom(press(path));
  const answer = (await (await redeem(code)).json()) as SessionAnswer;
  expect(answer.namespace).toMatch(/^email:[\w-]{43}$/);
  expect((await getGrant(world.app, answer.session)).namespace).toBe(answer.namespace);
  expect(await refusalOf(redeem(code))).toBe("401 unauthenticated");
  expect((await press(path)).status).toBe(410);
  expect((await world.app.request(path)).status).toBe(410);
});

test("the page takes no script, no frame, and leads to the app alone", async () => {
  await ask();
  const { headers } = await world.app.request(linkOf(mails[0]));
  const policy = headers.get("content-security-policy") ?? "";
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("script-src");
  expect(policy).toContain(`form-action 'self' ${appOrigin};`);
  expect(policy).toContain("frame-ancestors 'none'");
  expect(headers.get("cache-control")).toBe("no-store");
});

test("whoever opens the link elsewhere is shown the code", async () => {
  await ask();
  const code = await codeFrom(press(linkOf(mails[0])));
  const page = await world.app.request(`/v1/auth/email/code/${code}`);
  expect(page.status).toBe(200);
  expect(await page.text()).toContain(`${code.slice(0, 4)}-${code.slice(4)}`);
  for (const bad of ["<script>", "K7QF", "K7QF2M9XX"]) {
    const answer = world.app.request(`/v1/auth/email/code/${encodeURIComponent(bad)}`);
    expect(await refusalOf(Promise.resolve(answer))).toBe("400 invalid-argument");
  }
});

test("a wrong code is refused, and cannot be tried for ever", async () => {
  world = createTestWorld({
    email: { mailer: { send: (mail) => Promise.resolve(mails.push(mail) > 0) } },
    limits: createMemoryLimits(),
  });
  await ask();
  for (let attempt = 0; attempt < 10; attempt++)
    expect(await refusalOf(redeem("K7QF2M9X"))).toBe("401 unauthenticated");
  const code = await codeFrom(press(linkOf(mails[0])));
  const answer = await redeem(code);
  expect(answer.status).toBe(429);
  expect(Number(answer.headers.get("retry-after"))).toBeGreaterThan(60);
});

test("a link is good for a quarter of an hour, also across midnight", async () => {
  world.clock.ms = Date.UTC(2026, 0, 2, 23, 50);
  await ask();
  const path = linkOf(mails[0]);
  world.clock.ms += 14 * minuteMs;
  const code = await codeFrom(press(path));
  expect((await redeem(code)).status).toBe(200);
  await ask(address, "another-verifier-with-enough-letters-to-be-one");
  const late = linkOf(mails[1]);
  const lateCode = await codeFrom(press(late));
  world.clock.ms += 16 * minuteMs;
  expect((await press(late)).status).toBe(410);
  const by = "another-verifier-with-enough-letters-to-be-one";
  expect(await refusalOf(redeem(lateCode, by))).toBe("401 unauthenticated");
});

test("another instance knows the links of this one", async () => {
  await ask();
  const code = await codeFrom(press(linkOf(mails[0])));
  expect((await redeem(code, verifier, world.another())).status).toBe(200);
});

test("one spelling of an address is one user", async () => {
  const namespaces = new Set<string>();
  for (const [index, email] of [
    "ada@example.com",
    " Ada@EXAMPLE.com",
    "ADA@example.com",
  ].entries()) {
    const by = `verifier-number-${index}-with-enough-letters-to-be-one`;
    await ask(email, by);
    const code = await codeFrom(press(linkOf(mails.at(-1))));
    const answer = (await (await redeem(code, by)).json()) as SessionAnswer;
    namespaces.add(answer.namespace);
  }
  expect(namespaces.size).toBe(1);
});

test.each([
  "",
  "ada",
  "@example.com",
  "ada@",
  "ada@localhost",
  "ada@example.com, eve@example.com",
  "ada@example.com\r\nBcc: eve@example.com",
  "ada\n@example.com",
  "Ada <ada@example.com>",
  '"ada lovelace"@example.com',
  "ada@example.com/path",
  "ada@[127.0.0.1]",
  "ada@192.168.0.100",
  "ada@2130706444",
  "a..da@example.com",
  `${"a".repeat(65)}@example.com`,
  `ada@${"a".repeat(64)}.example`,
  `ada@${"example.".repeat(40)}com`,
  "аda@example.com",
])("no mail goes to %j", async (email) => {
  expect(await refusalOf(ask(email))).toBe("400 invalid-argument");
  expect(mails).toEqual([]);
});

test("a domain of other letters is written as it is in the DNS", async () => {
  await ask("ada@Bücher.example");
  expect(mails[0]?.to).toBe("ada@xn--bcher-kva.example");
});

test.each([
  ["no challenge", { email: address, return: returnTo }, "400 malformed"],
  ["a foreign page", { return: "https://evil.example/" }, "400 invalid-argument"],
  ["a script", { return: "javascript:alert(1)" }, "400 invalid-argument"],
  ["a password in it", { return: "https://a:b@app.example.com/" }, "400 invalid-argument"],
])("%s is refused", async (_name, changes, refusal) => {
  const challenge = "return" in changes && !("email" in changes) ? await textHash(verifier) : "x";
  const body = { email: address, challenge, ...changes };
  expect(await refusalOf(post(world.app, "/v1/auth/email", body))).toBe(refusal);
});

test("who had no answer asks again, and gets the same link; nobody else has that challenge", async () => {
  await ask();
  expect((await ask(" ADA@example.com")).status).toBe(202);
  expect(linkOf(mails.pop())).toBe(linkOf(mails[0]));
  expect(await refusalOf(ask("eve@example.com"))).toBe("400 invalid-argument");
  expect(mails).toHaveLength(1);
});

test("whether there is a mailbox is not told", async () => {
  world = createWorld(() => false);
  expect((await ask()).status).toBe(202);
  expect(world.events.map(({ event }) => event)).toContain("mail-refused");
});

test("a mail server that is down is said, and to be tried again", async () => {
  world = createWorld(() => {
    throw Object.assign(new Error(`connect ${address}`), { code: "ECONNECTION" });
  });
  expect(await refusalOf(ask())).toBe("503 retry");
  const failed = world.events.find(({ event }) => event === "mail-failed");
  expect(failed).toEqual({ level: "error", event: "mail-failed", code: "ECONNECTION" });
});

test("what could not be sent is sent when it is asked for again, and was not counted", async () => {
  let isDown = true;
  world = createTestWorld({
    limits: createMemoryLimits(),
    email: {
      mailer: {
        async send(mail) {
          if (isDown) throw new Error("down");
          return mails.push(mail) > 0;
        },
      },
    },
  });
  for (let attempt = 0; attempt < 8; attempt++) expect(await refusalOf(ask())).toBe("503 retry");
  isDown = false;
  expect((await ask()).status).toBe(202);
  expect((await redeem(await codeFrom(press(linkOf(mails[0]))))).status).toBe(200);
});

test("what is asked for again after a quarter of an hour is to be asked for anew", async () => {
  await ask();
  world.clock.ms += 16 * minuteMs;
  expect(await refusalOf(ask())).toBe("503 retry");
});

test("the same link comes from a service whose first secret is another one by now", async () => {
  await ask();
  const [former] = testConfig.sessionSecrets;
  const fresh = "another-session-secret-that-is-long-enough";
  const app = world.another({ sessionSecrets: [fresh, former!] });
  const challenge = await textHash(verifier);
  await post(app, "/v1/auth/email", { email: address, challenge, return: returnTo });
  expect(linkOf(mails[1])).toBe(linkOf(mails[0]));
});

test("neither bucket nor log hold the address, the link, or the code", async () => {
  await ask();
  const path = linkOf(mails[0]);
  const code = await codeFrom(press(path));
  await redeem(code);
  await world.app.request(`/v1/auth/email/code/${code}`);
  const secret = path.split("/").at(-1)!;
  const kept = JSON.stringify([[...world.bucket.objects], world.events]);
  expect(kept).toContain("@service/mail/");
  for (const word of [address, secret.slice(0, 16), code]) expect(kept).not.toContain(word);
});

test("a store without create-if-absent is refused, because a link could be used twice", async () => {
  const app = world.another({ fetch: withoutCreateIfAbsent });
  const challenge = await textHash(verifier);
  const answer = post(app, "/v1/auth/email", { email: address, challenge, return: returnTo });
  expect(await refusalOf(answer)).toBe("403 denied");
  expect(mails).toEqual([]);
  expect(world.events.map(({ event }) => event)).toContain("store-lacks-create-if-absent");
});

test("such a store will do where names can be claimed elsewhere", async () => {
  const claimed = new Set<string>();
  const app = world.another({
    fetch: withoutCreateIfAbsent,
    claims: {
      claim: (name) => Promise.resolve(claimed.size < claimed.add(name).size),
      has: (name) => Promise.resolve(claimed.has(name)),
    },
  });
  const challenge = await textHash(verifier);
  await post(app, "/v1/auth/email", { email: address, challenge, return: returnTo });
  const code = await codeFrom(press(linkOf(mails[0])));
  expect((await redeem(code, verifier, app)).status).toBe(200);
  expect(await refusalOf(redeem(code, verifier, app))).toBe("401 unauthenticated");
});

function withoutCreateIfAbsent(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const headers = new Headers(init?.headers);
  headers.delete("if-none-match");
  return world.bucket.fetch(input, { ...init, headers });
}

test("one address gets few mails, and one client asks for few", async () => {
  const limits = createMemoryLimits();
  const clients: string[] = [];
  world = createTestWorld({
    email: { mailer: { send: (mail) => Promise.resolve(mails.push(mail) > 0) } },
    limits,
    clientOf: () => clients.at(-1) ?? "",
  });
  const askAs = (client: string, n: number, email = address): Promise<Response> => {
    clients.push(client);
    return ask(
      email,
      `verifier-${n}-of-${client.replaceAll(" ", "-")}-that-is-long-enough-to-be-one`,
    );
  };
  const statusesOf = async (client: string, count: number): Promise<number[]> => {
    const answers: number[] = [];
    for (let n = 0; n < count; n++) answers.push((await askAs(client, n)).status);
    return answers;
  };
  expect(await statusesOf("a stranger", 6)).toEqual([202, 202, 202, 202, 202, 429]);
  // The stranger has not used up what others may ask for.
  expect(await statusesOf("the owner", 2)).toEqual([202, 202]);
  for (const client of ["a second", "a third", "a fourth"]) await statusesOf(client, 5);
  expect(await statusesOf("a sixth", 1)).toEqual([429]);
  let refused = 0;
  for (let n = 0; n < 35; n++)
    if ((await askAs("one client", n, `user${n}@example.com`)).status === 429) refused++;
  expect(refused).toBe(5);
});

test("the name of the app cannot add a header", async () => {
  world = createTestWorld({
    email: {
      appName: "Notes\r\nBcc: eve@example.com",
      mailer: { send: (mail) => Promise.resolve(mails.push(mail) > 0) },
    },
  });
  await ask();
  expect(mails[0]?.subject).toBe("Sign in to Notes Bcc: eve@example.com");
});

test("without a mailer there is no such way to sign in", async () => {
  const { app } = createTestWorld();
  expect(await (await app.request("/v1/auth")).json()).toEqual({ methods: ["key"] });
  expect(await (await world.app.request("/v1/auth")).json()).toEqual({ methods: ["key", "email"] });
  const challenge = await textHash(verifier);
  const answer = post(app, "/v1/auth/email", { email: address, challenge, return: returnTo });
  expect(await refusalOf(answer)).toBe("404 invalid-argument");
});
