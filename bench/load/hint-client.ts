/** Somebody who is signed in, listens with several streams, and reports. */
import { Agent, request } from "node:http";
import { formatSecretKey, secretKeyBytes } from "../../shared/secret-key.ts";
import { deriveKeyIdentity } from "../../sw/key-identity.ts";
import { createServiceClient } from "../../sw/service-client.ts";

export interface HintClient {
  /** Resolves when the stream has begun. */
  listen(): Promise<void>;
  report(generation: number): Promise<void>;
  /** Hints that have come, over all streams. */
  readonly heard: number;
  close(): void;
}

export async function openHintClient(url: string): Promise<HintClient> {
  const service = createServiceClient(url);
  const secret = crypto.getRandomValues(new Uint8Array(secretKeyBytes));
  const session = await service.signInWithKey(await deriveKeyIdentity(formatSecretKey(secret)));
  const { replica } = await service.grant(session, { kind: "node" });
  // The service takes three streams of one device at most.
  const replicas = [replica, (await service.grant(session, { kind: "node" })).replica];
  let streams = 0;
  const agent = new Agent({ maxSockets: Number.POSITIVE_INFINITY });
  let heard = 0;
  return {
    get heard() {
      return heard;
    },
    listen: () =>
      new Promise((resolve, reject) => {
        const headers = { authorization: `Bearer ${session.token}` };
        const listener = replicas[streams++ % replicas.length];
        const address = new URL(`/v1/hints?replica=${listener}`, url);
        const outgoing = request(address, { agent, headers }, (incoming) => {
          if (incoming.statusCode !== 200)
            reject(new Error(`a stream was answered ${incoming.statusCode}`));
          incoming.on("error", () => undefined);
          incoming.on("data", (chunk: Buffer) => {
            heard += chunk.toString().split("event: hint\n").length - 1;
            resolve();
          });
        });
        outgoing.on("error", reject);
        outgoing.end();
      }),
    async report(generation) {
      await service.ask(session, "v1/hints", { replica, generation });
    },
    close: () => agent.destroy(),
  };
}
