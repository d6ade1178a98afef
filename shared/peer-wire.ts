/**
 * What the worker and the one tab that holds the browser's WebRTC connections tell each other. Workers have no
 * RTCPeerConnection: the tab lends them its own, and knows nothing of what they are for. `id` names a connection.
 */

/** Worker to tab. */
export type ConnectionCommand =
  /** Begin one, and describe it. */
  | { readonly what: "offer"; readonly id: string }
  /** Begin one out of another browser's offer, and describe it. */
  | { readonly what: "answer"; readonly id: string; readonly sdp: string }
  /** The answer to what was offered. */
  | { readonly what: "accept"; readonly id: string; readonly sdp: string }
  /** Sends all of these frames or, where too much waits to be sent, none. */
  | { readonly what: "send"; readonly id: string; readonly frames: readonly Uint8Array[] }
  | { readonly what: "close"; readonly id: string };

/** Tab to worker. */
export type ConnectionEvent =
  /** This tab is the one, or no longer. */
  | { readonly what: "holding"; readonly isHolding: boolean }
  /** With all candidates that could be found. */
  | { readonly what: "described"; readonly id: string; readonly sdp: string }
  | { readonly what: "opened"; readonly id: string }
  | { readonly what: "received"; readonly id: string; readonly frame: Uint8Array }
  /** What was to be sent was not. */
  | { readonly what: "dropped"; readonly id: string }
  /** It is over, or came to nothing. */
  | { readonly what: "closed"; readonly id: string };
