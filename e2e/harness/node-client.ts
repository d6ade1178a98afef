/** A client of the service outside of any browser, with the grant in plain sight. */
import { secretKeyBytes, formatSecretKey } from "../../shared/secret-key.ts";
import type { Grant } from "../../shared/grants.ts";
import { deriveKeyIdentity } from "../../sw/key-identity.ts";
import { createServiceClient } from "../../sw/service-client.ts";

export interface NodeClient {
  readonly token: string;
  readonly grant: Grant;
}

/** Signs in with a new key. */
export async function signUp(service: string): Promise<NodeClient> {
  const secret = crypto.getRandomValues(new Uint8Array(secretKeyBytes));
  const client = createServiceClient(service);
  const session = await client.signInWithKey(await deriveKeyIdentity(formatSecretKey(secret)));
  return { token: session.token, grant: await client.grant(session, { kind: "node" }) };
}
