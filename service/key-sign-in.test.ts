import { describe, expect, it } from "vitest";
import { decodeBase64Url, encodeBase64Url } from "../shared/base64url.ts";
import { keySignInText } from "../shared/sign-in.ts";
import { challengeMsMax } from "./challenge.ts";
import type { TestKey } from "./test-world.ts";
import {
  challengeFor,
  createTestKey,
  createTestWorld,
  post,
  refusalOf,
  serviceOrigin,
  signIn,
} from "./test-world.ts";

const verifyPath = "/v1/auth/key/verify";

async function answerTo(key: TestKey, challenge: string): Promise<Record<string, string>> {
  const signature = await key.sign(keySignInText(serviceOrigin, challenge));
  return { publicKey: key.publicKey, challenge, signature };
}

describe("signing in with a key", () => {
  it("gives the namespace of the key's thumbprint (RFC 8037 appendix A.3)", async () => {
    const { app, clock } = createTestWorld({ sessionSeconds: 100 });
    const session = await signIn(app, await createTestKey("rfc8037"));
    expect(session.namespace).toBe("key:kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    expect(session.expiresAt).toBe(Math.floor(clock.ms / 1000) * 1000 + 100_000);
  });

  it("gives one namespace to one key, and different ones to different keys", async () => {
    const { app } = createTestWorld();
    const [a, b] = [await createTestKey(), await createTestKey()];
    const first = await signIn(app, a);
    const second = await signIn(app, a);
    expect(second.namespace).toBe(first.namespace);
    expect(second.session).not.toBe(first.session);
    expect((await signIn(app, b)).namespace).not.toBe(first.namespace);
  });

  it("refuses a challenge of which any byte was changed", async () => {
    const { app } = createTestWorld();
    const key = await createTestKey();
    const challenge = decodeBase64Url(await challengeFor(app, key.publicKey));
    const refusals = new Set<string>();
    for (let at = 0; at < challenge.length; at++) {
      const tampered = challenge.slice();
      tampered[at] = (tampered[at] ?? 0) ^ 1;
      const answer = await answerTo(key, encodeBase64Url(tampered));
      refusals.add(await refusalOf(post(app, verifyPath, answer)));
    }
    expect([...refusals]).toEqual(["401 unauthenticated"]);
  });

  it("refuses a challenge from its expiry on, not before", async () => {
    const { app, clock } = createTestWorld();
    const key = await createTestKey();
    const answer = await answerTo(key, await challengeFor(app, key.publicKey));
    clock.ms += challengeMsMax - 1;
    expect((await post(app, verifyPath, answer)).status).toBe(200);
    clock.ms += 1;
    expect(await refusalOf(post(app, verifyPath, answer))).toBe("401 unauthenticated");
  });

  it("refuses a challenge that a service with another secret made", async () => {
    const { app, another } = createTestWorld();
    const foreign = another({ sessionSecrets: ["another-secret-that-is-long-enough!"] });
    const key = await createTestKey();
    const answer = await answerTo(key, await challengeFor(foreign, key.publicKey));
    expect(await refusalOf(post(app, verifyPath, answer))).toBe("401 unauthenticated");
  });

  it("refuses a challenge that was made for another key", async () => {
    const { app } = createTestWorld();
    const [a, b] = [await createTestKey(), await createTestKey()];
    const answer = await answerTo(b, await challengeFor(app, a.publicKey));
    expect(await refusalOf(post(app, verifyPath, answer))).toBe("401 unauthenticated");
  });

  it("refuses an answer that was signed for another service", async () => {
    const { app } = createTestWorld();
    const key = await createTestKey();
    const challenge = await challengeFor(app, key.publicKey);
    const signature = await key.sign(keySignInText("https://evil.example.com", challenge));
    const answer = { publicKey: key.publicKey, challenge, signature };
    expect(await refusalOf(post(app, verifyPath, answer))).toBe("401 unauthenticated");
  });

  it("refuses the answer to another challenge, and another key's signature", async () => {
    const { app } = createTestWorld();
    const [a, b] = [await createTestKey(), await createTestKey()];
    const challenge = await challengeFor(app, a.publicKey);
    const stale = await answerTo(a, await challengeFor(app, a.publicKey));
    const foreign = await answerTo(b, challenge);
    for (const { signature } of [stale, foreign]) {
      const answer = { publicKey: a.publicKey, challenge, signature };
      expect(await refusalOf(post(app, verifyPath, answer))).toBe("401 unauthenticated");
    }
  });

  it("takes challenges of any secret in the list, so that rotating one disturbs nobody", async () => {
    const { app, another } = createTestWorld();
    const key = await createTestKey();
    const answer = await answerTo(key, await challengeFor(app, key.publicKey));
    const rotated = another({
      sessionSecrets: [
        "the-new-secret-which-is-long-enough!!",
        "a-session-secret-that-is-long-enough",
      ],
    });
    expect((await post(rotated, verifyPath, answer)).status).toBe(200);
  });

  it.each([
    {},
    { publicKey: 7 },
    { publicKey: "" },
    { publicKey: "AAAA" },
    { publicKey: "*".repeat(43) },
    { publicKey: "A".repeat(44) },
    [],
  ])("refuses %j as a question", async (body) => {
    const { app } = createTestWorld();
    expect(await refusalOf(post(app, "/v1/auth/key/challenge", body))).toBe("400 malformed");
  });

  it("refuses malformed answers without a look at the rest", async () => {
    const { app } = createTestWorld();
    const key = await createTestKey();
    const good = await answerTo(key, await challengeFor(app, key.publicKey));
    const bad = [
      { ...good, signature: "AAAA" },
      { ...good, signature: undefined },
      { ...good, challenge: undefined },
      { ...good, challenge: "%" },
      { ...good, publicKey: `${good["publicKey"]}=` },
    ];
    for (const body of bad)
      expect(await refusalOf(post(app, verifyPath, body))).toBe("400 malformed");
    expect(await refusalOf(post(app, verifyPath, { ...good, challenge: "AAAA" }))).toBe(
      "401 unauthenticated",
    );
  });
});
