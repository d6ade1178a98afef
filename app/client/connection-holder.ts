/**
 * Which tab holds the browser's WebRTC connections: the one that has the Web Lock. All of a user's tabs wait for it, so
 * when its tab is closed, crashes or is frozen another one has it at once; the connections are opened anew from there.
 */
import type { ConnectionCommand, ConnectionEvent } from "../../shared/peer-wire.ts";
import type { PeerConnections } from "./peer-connections.ts";
import { createPeerConnections } from "./peer-connections.ts";

export interface ConnectionHolder {
  /** There is a worker, which this user is current in: be the holder as soon as nobody else is. */
  join(user: string): void;
  /** The worker is gone, or the page may be stopped: somebody else can do better. */
  leave(): void;
  perform(command: ConnectionCommand): void;
  close(): void;
}

export interface ConnectionHolderParts {
  /** The worker's scope: another worker of the origin has connections of its own. */
  readonly scope: string;
  readonly peers: boolean | { readonly iceServers?: readonly RTCIceServer[] };
  readonly tell: (event: ConnectionEvent) => void;
}

export function createConnectionHolder({
  scope,
  peers,
  tell,
}: ConnectionHolderParts): ConnectionHolder {
  const iceServers = typeof peers === "object" ? (peers.iceServers ?? []) : [];
  // WebKitGTK may have none.
  const isAble = peers !== false && typeof RTCPeerConnection === "function";
  const listeners = new AbortController();
  let joined: string | null = null;
  let connections: PeerConnections | null = null;
  /** Ends the request for the lock, or gives the lock back. */
  let quit: (() => void) | null = null;

  const stop = (): void => {
    quit?.();
    quit = null;
    if (connections === null) return;
    connections.close();
    connections = null;
    tell({ what: "holding", isHolding: false });
  };

  const start = (user: string): void => {
    const waiting = new AbortController();
    const { signal } = waiting;
    quit = () => waiting.abort();
    navigator.locks
      .request(`presync connections ${scope} ${user}`, { signal }, () => {
        if (signal.aborted) return undefined;
        connections = createPeerConnections(iceServers, tell);
        tell({ what: "holding", isHolding: true });
        return new Promise<void>((resolve) => {
          quit = resolve;
        });
      })
      // Nobody waits for it any more.
      .catch(() => undefined);
  };

  const { signal } = listeners;
  document.addEventListener("freeze", stop, { signal });
  document.addEventListener("resume", () => joined !== null && start(joined), { signal });

  const leave = (): void => {
    joined = null;
    stop();
  };

  return {
    join(user) {
      if (!isAble) return;
      leave();
      joined = user;
      start(user);
    },
    leave,
    perform: (command) => connections?.perform(command),
    close() {
      listeners.abort();
      leave();
    },
  };
}
