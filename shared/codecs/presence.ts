/**
 * What one browser tells another of who is in a document. It goes over data channels and is kept nowhere; the bucket never
 * sees it.
 *
 *     version (1) | kind (1) | replica | tab (16) | nonce (8) | number | document id (16) | state
 *
 * `number` counts what one incarnation of the replica's worker has sent, and `nonce` names the incarnation: so what comes
 * twice or too late is known. `tab` is random, one for each page. The state is there in `here` alone: a varint length, then
 * JSON in UTF-8, which is not looked into.
 */
import { PresyncError } from "../errors.ts";
import type { ReplicaId } from "../keys.ts";
import type { PresenceNews } from "../presence.ts";
import { fitsState, stateBytesMax } from "../presence.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { documentIdBytes } from "./pack.ts";
import { readReplicaId, writeReplicaId } from "./replica-id.ts";

/** Of these messages alone. Who gets another one reads no further. */
const presenceVersion = 1;

export const tabIdBytes = 16;
export const presenceNonceBytes = 8;

/** The state, and all that can stand before it. */
export const presenceBytesMax: number = stateBytesMax + 128;

export interface PresenceMessage {
  readonly replica: ReplicaId;
  readonly tab: Uint8Array;
  readonly nonce: Uint8Array;
  /** From 0 up. */
  readonly number: number;
  readonly documentId: Uint8Array;
  readonly news: PresenceNews;
}

const kinds: readonly PresenceNews["kind"][] = ["ask", "here", "left"];

/** Throws `too-large` for a state beyond its limit. */
export function encodePresence(message: PresenceMessage): Uint8Array<ArrayBuffer> {
  const { replica, tab, nonce, number, documentId, news } = message;
  const out = new ByteWriter();
  out.byte(presenceVersion);
  out.byte(kinds.indexOf(news.kind));
  writeReplicaId(out, replica);
  out.raw(tab);
  out.raw(nonce);
  out.varint(number);
  out.raw(documentId);
  if (news.kind === "here") {
    if (!fitsState(news.state))
      throw new PresyncError("too-large", `a state of more than ${stateBytesMax} bytes`);
    out.sized(new TextEncoder().encode(news.state));
  }
  return out.finish();
}

/** Throws `malformed`, `too-large`, or `unsupported-version`. */
export function decodePresence(bytes: Uint8Array): PresenceMessage {
  if (bytes.length > presenceBytesMax)
    throw new PresyncError(
      "too-large",
      `a presence message of more than ${presenceBytesMax} bytes`,
    );
  const reader = new ByteReader(bytes);
  const version = reader.byte();
  if (version !== presenceVersion)
    throw new PresyncError("unsupported-version", `a presence message of version ${version}`);
  const kind = kinds[reader.byte()];
  if (kind === undefined) throw malformed("of no known kind");
  const message = {
    replica: readReplicaId(reader),
    tab: reader.raw(tabIdBytes),
    nonce: reader.raw(presenceNonceBytes),
    number: reader.varint(),
    documentId: reader.raw(documentIdBytes),
    news: kind === "here" ? { kind, state: decodeText(reader.sized(stateBytesMax)) } : { kind },
  };
  reader.end();
  return message;
}

function decodeText(bytes: Uint8Array): string {
  try {
    // A byte order mark that was taken away would give one text two spellings.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw malformed("whose state is no text", cause);
  }
}

function malformed(what: string, cause?: unknown): PresyncError {
  return new PresyncError("malformed", `a presence message ${what}`, { cause });
}
