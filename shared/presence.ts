/** What tabs tell each other of who is in a document: the words of the wire, of its codec, and of both ends. */

/**
 * A state as JSON text in UTF-8, in bytes. It is sent up to twenty times a second to every tab there is; and no
 * message over a data channel may be larger than 16 kB to arrive in one piece everywhere.
 */
export const stateBytesMax = 4096;

export type PresenceNews =
  /** Somebody listens from now on, and asks those who are here to say so. */
  | { readonly kind: "ask" }
  /** Somebody is here, with this state as JSON text: one who has come, still is, or has moved. */
  | { readonly kind: "here"; readonly state: string }
  /** Somebody is not here any more. */
  | { readonly kind: "left" };

/** Whether it fits, without encoding what cannot: UTF-8 takes at least a byte for each unit of UTF-16. */
export function fitsState(text: string): boolean {
  return text.length <= stateBytesMax && new TextEncoder().encode(text).length <= stateBytesMax;
}
