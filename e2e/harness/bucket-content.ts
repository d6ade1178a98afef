/**
 * What is in a bucket, read without any of the code that reads it in a browser: all objects of a namespace are
 * opened, and their pieces put together to documents.
 */
import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import * as A from "@automerge/automerge";
import type { EnvelopeTools } from "../../shared/codecs/envelope.ts";
import { openEnvelope } from "../../shared/codecs/envelope.ts";
import { decodeManifest } from "../../shared/codecs/manifest.ts";
import type { Pack } from "../../shared/codecs/pack.ts";
import { decodeSegment } from "../../shared/codecs/segment.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { BucketClient } from "../../scripts/dev-store/conformance/client.ts";

export const nodeTools: EnvelopeTools = {
  sha256: async (bytes) => createHash("sha256").update(bytes).digest(),
  deflate: async (bytes) => deflateRawSync(bytes),
  inflate: async (bytes, bytesMax) => inflateRawSync(bytes, { maxOutputLength: bytesMax }),
};

export interface NamespaceContent {
  /** The documents' content, by id. */
  readonly documents: ReadonlyMap<string, unknown>;
  /** Everything there is, unpacked, as one text with a letter for each byte. */
  readonly text: string;
}

/** All keys below a prefix. */
export async function listKeys(bucket: BucketClient, prefix = ""): Promise<string[]> {
  const { text } = await bucket.list({ prefix });
  if (text.includes("<IsTruncated>true")) throw new Error("more objects than a test should have");
  return [...text.matchAll(/<Key>([^<]*)<\/Key>/g)].map(([, key = ""]) => key);
}

export async function readNamespace(
  bucket: BucketClient,
  namespace: string,
): Promise<NamespaceContent> {
  const packs: Pack[] = [];
  const texts: string[] = [];
  for (const key of await listKeys(bucket, `${namespace}/`)) {
    const bytes = (await bucket.get(key)).body;
    if (key.endsWith("/manifest")) {
      const { body } = await openEnvelope(bytes, "manifest", nodeTools);
      packs.push(decodeManifest(body).tail);
      texts.push(Buffer.from(body).toString("latin1"));
    } else if (key.includes("/seg/")) {
      const { body } = await openEnvelope(bytes, "segment", nodeTools);
      packs.push(decodeSegment(body).pack);
      texts.push(Buffer.from(body).toString("latin1"));
    }
  }
  const chunks = new Map<string, Uint8Array[]>();
  for (const { documents } of packs)
    for (const { documentId, chunks: some } of documents) {
      const id = bytesToHex(documentId);
      chunks.set(id, [...(chunks.get(id) ?? []), ...some]);
    }
  const documents = new Map<string, unknown>();
  for (const [id, all] of chunks) {
    let doc = A.init();
    for (const chunk of all) doc = A.loadIncremental(doc, chunk);
    documents.set(id, A.toJS(doc));
  }
  return { documents, text: texts.join("\n") };
}
