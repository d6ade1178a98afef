/**
 * What the service gives away and wants back unread and unchanged: a JWE (direct AES-256-GCM), good for some minutes.
 * Any instance that shares the secret can open it. Each purpose has a key of its own, so nothing that was sealed for
 * one is taken for another.
 */
import type { JWTPayload } from "jose";
import { EncryptJWT, errors, jwtDecrypt } from "jose";
import type { CheckedConfig } from "./config.ts";
import { deriveSealKey, firstVerdict } from "./derived-key.ts";

const management = "dir";
const encryption = "A256GCM";

export interface Sealer<Content extends object> {
  seal(content: Content): Promise<string>;
  /** Null for whatever was not sealed here, for this purpose, or has expired. */
  open(sealed: string): Promise<Content | null>;
}

export function createSealer<Content extends object>(
  config: Pick<CheckedConfig, "sessionSecrets" | "now">,
  purpose: string,
  lifeSeconds: number,
): Sealer<Content> {
  const label = `presync/v1/${purpose}`;
  const keys = Promise.all(config.sessionSecrets.map((secret) => deriveSealKey(secret, label)));
  return {
    async seal(content) {
      const [key] = await keys;
      return new EncryptJWT(content as JWTPayload)
        .setProtectedHeader({ alg: management, enc: encryption })
        .setExpirationTime(Math.floor(config.now() / 1000) + lifeSeconds)
        .encrypt(key!);
    },
    async open(sealed) {
      const opened = await firstVerdict(await keys, async (key) => {
        try {
          return await jwtDecrypt<Content>(sealed, key, {
            keyManagementAlgorithms: [management],
            contentEncryptionAlgorithms: [encryption],
            requiredClaims: ["exp"],
            currentDate: new Date(config.now()),
          });
        } catch (error) {
          if (error instanceof errors.JOSEError) return undefined;
          throw error;
        }
      });
      return opened?.payload ?? null;
    },
  };
}
