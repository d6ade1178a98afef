/**
 * Whether a retired replica's prefix may be deleted (A-4 of the protocol): only when the manifest of a living one lists
 * it as adopted at its present generation. A lower one does not do, nor does a higher one: then a late PUT has brought an
 * old manifest back, or another line of it, which nobody has taken over. For that the service looks into manifests, and
 * makes no use of anything else in them; it is the only time it reads what users write.
 */
import type { EnvelopeTools } from "../shared/codecs/envelope.ts";
import { openEnvelope } from "../shared/codecs/envelope.ts";
import type { Manifest } from "../shared/codecs/manifest.ts";
import { decodeManifest } from "../shared/codecs/manifest.ts";
import { PresyncError } from "../shared/errors.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import { manifestName, objectKey } from "../shared/keys.ts";
import type { StoreClient } from "./store-client.ts";
import { createTurns } from "./turns.ts";

/** A manifest has a few kilobytes; one that cannot be merged for want of slots may have more. */
const manifestBytesMax: number = 1024 * 1024;
const unpackedBytesMax: number = 4 * 1024 * 1024;

/** Each waits for one manifest, some hundredths of a second: the last of them for a few seconds. */
const waitingMax = 64;

export interface Adoptions {
  /** Whether nothing of what the replica has published would be lost, as far as the bucket tells. */
  isAdopted(
    namespace: Namespace,
    replica: ReplicaId,
    living: readonly ReplicaId[],
  ): Promise<boolean>;
}

export function createAdoptions(store: StoreClient): Adoptions {
  /** However many are asked about, memory for one manifest will do: users could ask about hundreds at a time. */
  const turns = createTurns(waitingMax);

  const look = <T>(
    namespace: Namespace,
    replica: ReplicaId,
    pick: (opened: Opened) => T,
  ): Promise<T | null> =>
    turns.take(async () => {
      const opened = await read(namespace, replica);
      return opened === null ? null : pick(opened);
    });

  async function read(namespace: Namespace, replica: ReplicaId): Promise<Opened | null> {
    const key = objectKey(namespace, replica, manifestName);
    const bytes = await store.read(key, manifestBytesMax);
    if (bytes === null) return null;
    try {
      const { generation, body } = await openEnvelope(bytes, "manifest", tools);
      const manifest = decodeManifest(body);
      return manifest.replica === replica ? { generation, manifest } : null;
    } catch (error) {
      // One that nobody can read says nothing, neither of itself nor of others.
      if (error instanceof PresyncError) return null;
      throw error;
    }
  }

  return {
    async isAdopted(namespace, replica, living) {
      const present = await look(namespace, replica, ({ generation }) => generation);
      if (present === null) return false;
      for (const other of living) {
        const isListed = await look(namespace, other, ({ manifest }) =>
          manifest.adopted.some(
            (adopted) => adopted.replica === replica && adopted.generation === present,
          ),
        );
        if (isListed === true) return true;
      }
      return false;
    },
  };
}

interface Opened {
  readonly generation: number;
  readonly manifest: Manifest;
}

const tools: EnvelopeTools = {
  sha256: async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", owned(bytes))),
  deflate: () => Promise.reject(new PresyncError("internal", "the service writes no manifests")),
  inflate: (bytes, bytesMax) => inflate(bytes, Math.min(bytesMax, unpackedBytesMax)),
};

async function inflate(packed: Uint8Array, bytesMax: number): Promise<Uint8Array> {
  const reader = new Blob([owned(packed)])
    .stream()
    .pipeThrough(new DecompressionStream("deflate-raw"))
    .getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > bytesMax) {
      await reader.cancel();
      throw new PresyncError("too-large", "a manifest that unpacks to too much");
    }
    parts.push(owned(value));
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** The platform's functions do not take bytes that might be shared between threads; ours never are. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return bytes as Uint8Array<ArrayBuffer>;
}
