/**
 * Messages in frames: what goes over a WebRTC channel at once is 16 kB at most, which every browser takes from every
 * other one. The channel keeps their order and loses none, so a frame needs to say only whether more follows.
 *
 *     more: 0 or 1 (1) | bytes
 */
import { PresyncError } from "../errors.ts";
import { concatBytes } from "./bytes.ts";

/** RFC 8831, section 6.6, asks for no more where messages are not interleaved. */
const frameBytesMax: number = 16 * 1024;

export function splitIntoFrames(message: Uint8Array): Uint8Array<ArrayBuffer>[] {
  const frames: Uint8Array<ArrayBuffer>[] = [];
  const room = frameBytesMax - 1;
  for (let at = 0; at === 0 || at < message.length; at += room) {
    const more = at + room < message.length ? 1 : 0;
    frames.push(concatBytes(new Uint8Array([more]), message.subarray(at, at + room)));
  }
  return frames;
}

export interface FrameJoiner {
  /** The message that this frame completes, or null. Throws `malformed`, and begins anew then. */
  push(frame: Uint8Array): Uint8Array | null;
}

export function createFrameJoiner(messageBytesMax: number): FrameJoiner {
  let parts: Uint8Array[] = [];
  let bytes = 0;

  const take = (): Uint8Array => {
    const message = concatBytes(...parts);
    [parts, bytes] = [[], 0];
    return message;
  };

  return {
    push(frame) {
      const more = frame[0];
      parts.push(frame.subarray(1));
      bytes += frame.length - 1;
      const isSound = (more === 0 || more === 1) && frame.length <= frameBytesMax;
      // A full frame is followed by more, an empty one by nothing: else memory would grow without bytes.
      if (!isSound || bytes > messageBytesMax || (more === 1 && frame.length < frameBytesMax)) {
        take();
        throw new PresyncError("malformed", "a frame that no sender makes");
      }
      return more === 1 ? null : take();
    },
  };
}
