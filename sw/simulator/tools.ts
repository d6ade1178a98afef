/** What the envelope's codec needs, without any real waiting. */
import { createHash } from "node:crypto";
import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { EnvelopeTools } from "../../shared/codecs/envelope.ts";

export const simulatedTools: EnvelopeTools = {
  sha256: async (bytes) => createHash("sha256").update(bytes).digest(),
  deflate: async (bytes) => deflateRawSync(bytes),
  inflate: async (bytes, maxOutputLength) => inflateRawSync(bytes, { maxOutputLength }),
};
