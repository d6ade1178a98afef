/**
 * A signal: what one replica tells another one so that their browsers can open a WebRTC connection. All candidates are
 * in the description, so that an offer and an answer are all there is.
 *
 *     signal:  version (1) | from | to | kind (1) | connection (16) | nonce (16) | length, SDP
 *     signals: list of length, signal, ascending by `to`
 *
 * The second is the body of the object `signal` in the bucket; the first travels through the service.
 */
import { PresyncError } from "../errors.ts";
import type { ReplicaId } from "../keys.ts";
import { ByteReader, ByteWriter } from "./bytes.ts";
import { readReplicaId, writeReplicaId } from "./replica-id.ts";

export type SignalKind = "offer" | "answer";

export interface Signal {
  readonly from: ReplicaId;
  readonly to: ReplicaId;
  readonly kind: SignalKind;
  /** Names the connection: made up by who offers it. */
  readonly connection: Uint8Array;
  /** Whoever greets the sender over the connection must know this. */
  readonly nonce: Uint8Array;
  /** RFC 8866: lines of ASCII. */
  readonly sdp: string;
}

const signalVersion = 1;
export const connectionBytes = 16;
export const peerNonceBytes = 16;

/** With a dozen candidates a description has about 3 kB. */
export const sdpBytesMax: number = 16 * 1024;

/** More than a browser has connections: a reader is bounded all the same. */
export const signalsMax = 32;
const signalBytesMax: number = sdpBytesMax + 256;

const kindCodes: Record<SignalKind, number> = { offer: 1, answer: 2 };

/** Throws `too-large` for a description beyond the limit, `internal` where no reader would take it. */
export function encodeSignal(signal: Signal): Uint8Array<ArrayBuffer> {
  const { sdp, connection, nonce } = signal;
  if (sdp.length > sdpBytesMax)
    throw new PresyncError("too-large", `a description of more than ${sdpBytesMax} bytes`);
  if (connection.length !== connectionBytes || nonce.length !== peerNonceBytes)
    throw new PresyncError("internal", "a signal with malformed numbers");
  if (!isText(sdp)) throw new PresyncError("internal", "a description that is not ASCII");
  const out = new ByteWriter();
  out.byte(signalVersion);
  writeReplicaId(out, signal.from);
  writeReplicaId(out, signal.to);
  out.byte(kindCodes[signal.kind]);
  out.raw(connection);
  out.raw(nonce);
  out.sized(Uint8Array.from(sdp, (letter) => letter.charCodeAt(0)));
  return out.finish();
}

/** Throws `malformed` or `unsupported-version`. */
export function decodeSignal(bytes: Uint8Array): Signal {
  const reader = new ByteReader(bytes);
  if (reader.byte() !== signalVersion)
    throw new PresyncError("unsupported-version", "a signal of another version");
  const signal: Signal = {
    from: readReplicaId(reader),
    to: readReplicaId(reader),
    kind: readKind(reader),
    connection: reader.raw(connectionBytes).slice(),
    nonce: reader.raw(peerNonceBytes).slice(),
    sdp: readText(reader),
  };
  reader.end();
  return signal;
}

/** Signals that are encoded already. Throws `too-large` for more than there may be. */
export function encodeSignals(signals: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  if (signals.length > signalsMax)
    throw new PresyncError("too-large", `more than ${signalsMax} signals`);
  const out = new ByteWriter();
  out.list(signals, (signal) => out.sized(signal));
  return out.finish();
}

/** The signals as they came: one of another version is no reason to refuse the rest. Throws `malformed`. */
export function decodeSignals(body: Uint8Array): Uint8Array[] {
  const reader = new ByteReader(body);
  const signals = reader.list(signalsMax, () => reader.sized(signalBytesMax).slice());
  reader.end();
  return signals;
}

function readKind(reader: ByteReader): SignalKind {
  const code = reader.byte();
  if (code === kindCodes.offer) return "offer";
  if (code === kindCodes.answer) return "answer";
  throw new PresyncError("malformed", "a signal of no kind");
}

function readText(reader: ByteReader): string {
  let text = "";
  for (const byte of reader.sized(sdpBytesMax)) text += String.fromCharCode(byte);
  if (!isText(text)) throw new PresyncError("malformed", "a description that is not ASCII");
  return text;
}

function isText(text: string): boolean {
  return /^[\r\n\x20-\x7e]*$/.test(text);
}
