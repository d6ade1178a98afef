/**
 * Lines: the incarnations that wrote a replica's manifests one after the other. A profile that was cloned, or restored
 * from an older copy, begins another line under the same id, which gives the same numbers to other publications. What
 * the two have published can be told apart only by who wrote it.
 */
import type { Manifest, Stretch } from "../../shared/codecs/manifest.ts";
import { lineMax, tagBytes } from "../../shared/codecs/manifest.ts";
import { bytesToHex } from "../../shared/hex.ts";

/** One incarnation of a replica. */
export interface Writer {
  readonly incarnation: number;
  /** Hexadecimal. */
  readonly nonce: string;
}

export function writerOf({ incarnation, nonce }: Pick<Manifest, "incarnation" | "nonce">): Writer {
  return { incarnation, nonce: bytesToHex(nonce) };
}

/**
 * The line that the next manifest tells: unless this incarnation has written before, a stretch of its own begins behind
 * the newest acknowledged manifest. Where that is not by the last one of the line, somebody wrote it who keeps no line.
 */
export function continueLine(
  line: readonly Stretch[],
  acknowledged: Pick<Manifest, "nonce"> | null,
  from: number,
  nonce: Uint8Array,
): readonly Stretch[] {
  const newest = line.at(-1);
  const isUnbroken =
    newest !== undefined &&
    acknowledged !== null &&
    isTagOf(newest.tag, bytesToHex(acknowledged.nonce));
  if (isUnbroken && isTagOf(newest.tag, bytesToHex(nonce))) return line;
  const own: Stretch = { from, tag: nonce.slice(0, tagBytes) };
  return [...(isUnbroken ? line : []), own].slice(-lineMax);
}

/** A manifest that was read, and who wrote it. */
export interface Written {
  readonly generation: number;
  readonly writer: Writer;
}

/** Whether a manifest is from another line than an earlier one, of a generation that is not higher than its own. */
export function isOfOtherLine({ generation, writer }: Written, manifest: Manifest): boolean {
  const stretch = manifest.line.findLast(({ from }) => from <= generation);
  if (stretch !== undefined) return !isTagOf(stretch.tag, writer.nonce);
  // Read before anything that the line tells: a fork is seen only where it goes against the count of starts.
  const { incarnation, nonce } = writerOf(manifest);
  if (incarnation === writer.incarnation) return nonce !== writer.nonce;
  return incarnation < writer.incarnation;
}

function isTagOf(tag: Uint8Array, nonce: string): boolean {
  return nonce.startsWith(bytesToHex(tag));
}
