/** Somebody who is signed in, and asks for grants. */
import { Agent, request } from "node:http";
import { formatSecretKey, secretKeyBytes } from "../../shared/secret-key.ts";
import { deriveKeyIdentity } from "../../sw/key-identity.ts";
import { createServiceClient } from "../../sw/service-client.ts";

export interface Answer {
  readonly status: number;
  readonly bytes: number;
  readonly text: string;
  readonly ms: number;
}

export interface GrantClient {
  /** Asks for the grant of its replica again. */
  renew(): Promise<Answer>;
  close(): void;
}

/** Signs in with a new key; the namespace then has so many replicas. */
export async function signUp(
  url: string,
  replicas: number,
  address: string,
  connections = 1,
): Promise<GrantClient> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections });
  const secret = crypto.getRandomValues(new Uint8Array(secretKeyBytes));
  const service = createServiceClient(url);
  const session = await service.signInWithKey(await deriveKeyIdentity(formatSecretKey(secret)));
  const ask = (body: object): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const startedAt = performance.now();
      const outgoing = request(
        new URL("/v1/grants", url),
        {
          method: "POST",
          agent,
          headers: {
            "content-type": "application/json",
            authorization: `Bearer ${session.token}`,
            "x-forwarded-for": address,
          },
        },
        (incoming) => {
          const chunks: Buffer[] = [];
          incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
          incoming.on("error", reject);
          incoming.on("end", () => {
            const all = Buffer.concat(chunks);
            const status = incoming.statusCode ?? 0;
            const ms = performance.now() - startedAt;
            resolve({ status, bytes: all.length, text: all.toString(), ms });
          });
        },
      );
      outgoing.on("error", reject);
      outgoing.end(JSON.stringify(body));
    });
  let replica = "";
  for (let count = 0; count < replicas; count++) {
    const { status, text } = await ask({ kind: "node" });
    if (status !== 200) throw new Error(`a grant was answered ${status}`);
    ({ replica } = JSON.parse(text) as { readonly replica: string });
  }
  return { renew: () => ask({ kind: "node", replica }), close: () => agent.destroy() };
}
