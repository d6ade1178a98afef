/** The service that is attacked: on a real store, with a real mail server and a real provider. */
import type { Hono } from "hono";
import { expect } from "vitest";
import type { ServiceConfig, StoreConfig } from "../../service/config.ts";
import { createService } from "../../service/create-service.ts";
import type { LogEvent } from "../../service/log.ts";
import { githubProvider } from "../../service/providers/github.ts";
import { oidcProvider } from "../../service/providers/oidc.ts";
import { createSmtpMailer } from "../../service/smtp-mailer.ts";
import { inTurn, serviceOrigin, testConfig } from "../../service/test-world.ts";
import type { BucketClient } from "../dev-store/conformance/client.ts";
import { createBucketClient } from "../dev-store/conformance/client.ts";
import type { IdentityProvider } from "../identity/identity-provider.ts";
import { startIdentityProvider } from "../identity/identity-provider.ts";
import type { MailServer } from "../identity/mail-server.ts";
import { startMailServer } from "../identity/mail-server.ts";

export const providerNames: readonly string[] = ["github", "oidc"];

export interface AttackWorld {
  readonly app: Hono;
  /** A further instance, on the same bucket and clock. */
  another(changes?: Partial<ServiceConfig>): Hono;
  /** By how much the service's clock is moved; the store's is the machine's, and takes no requests of another hour. */
  readonly clock: { movedMs: number };
  readonly store: Required<StoreConfig>;
  /** Sees the whole bucket. */
  readonly admin: BucketClient;
  readonly identity: IdentityProvider;
  readonly mail: MailServer;
  /** Wherever the service has sent a request to, without the query. */
  readonly asked: string[];
  readonly events: LogEvent[];
  close(): Promise<void>;
}

export async function startAttackWorld(store: Required<StoreConfig>): Promise<AttackWorld> {
  const mail = await startMailServer();
  const identity = await startIdentityProvider(
    providerNames.map((name) => `${serviceOrigin}/v1/auth/${name}/callback`),
  );
  const clock = { movedMs: 0 };
  const asked: string[] = [];
  const events: LogEvent[] = [];
  const watched: typeof fetch = (input, init) => {
    const { origin, pathname } = new URL(input instanceof Request ? input.url : String(input));
    asked.push(origin + pathname);
    return fetch(input, init);
  };
  const { url, clientId, clientSecret } = identity;
  const client = { clientId, clientSecret, fetch: watched };
  const from = { name: "Notes", address: "no-reply@example.com" };
  const another = (changes: Partial<ServiceConfig> = {}): Hono =>
    createService({
      ...testConfig,
      store,
      now: () => Date.now() + clock.movedMs,
      fetch: watched,
      log: (event) => events.push(event),
      email: { mailer: createSmtpMailer({ url: mail.url, from }) },
      providers: [
        githubProvider({ ...client, url, apiUrl: url }),
        oidcProvider({ ...client, issuer: url }),
      ],
      ...changes,
    });
  return {
    app: inTurn(another),
    another,
    clock,
    store,
    admin: createBucketClient(store, store.admin),
    identity,
    mail,
    asked,
    events,
    async close() {
      await mail.close();
      await identity.close();
    },
  };
}

/** Everything in the bucket, with what it is by content. */
export async function bucketState({ admin }: AttackWorld): Promise<ReadonlyMap<string, string>> {
  const { status, text } = await admin.list({});
  expect(status).toBe(200);
  expect(text).not.toContain("<IsTruncated>true");
  const entries = [...text.matchAll(/<Contents>(.*?)<\/Contents>/gs)].map(
    ([, entry = ""]) => [partOf(entry, "Key"), partOf(entry, "ETag")] as const,
  );
  return new Map(entries);
}

function partOf(xml: string, name: string): string {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? "";
}
