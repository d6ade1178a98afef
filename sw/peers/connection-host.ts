/**
 * The tab that holds this browser's WebRTC connections, as the worker sees it: one at a time, which may end or hang at
 * any moment. All tabs wait for the same Web Lock, so another one says that it is the holder soon after.
 */
import type { ConnectionCommand, ConnectionEvent } from "../../shared/peer-wire.ts";

export interface ConnectionHost {
  readonly isThere: boolean;
  perform(command: ConnectionCommand): void;
  /** A tab has said something; `send` reaches it. */
  heard(tab: string, event: ConnectionEvent, send: (command: ConnectionCommand) => void): void;
  /** A tab has ended. */
  left(tab: string): void;
}

export interface ConnectionHostEvents {
  /** There is a holder, or there is none any more: every connection is over. */
  changed(): void;
  /** Something has become of a connection. */
  event(event: Exclude<ConnectionEvent, { what: "holding" }>): void;
}

export function createConnectionHost(events: ConnectionHostEvents): ConnectionHost {
  let holder: { readonly tab: string; send(command: ConnectionCommand): void } | null = null;

  const release = (tab: string): void => {
    if (holder?.tab !== tab) return;
    holder = null;
    events.changed();
  };

  return {
    get isThere() {
      return holder !== null;
    },
    perform: (command) => holder?.send(command),
    heard(tab, event, send) {
      if (event.what !== "holding") {
        // What a former holder has to say is over.
        if (holder?.tab === tab) events.event(event);
        return;
      }
      if (!event.isHolding) return release(tab);
      // The lock has only one holder: the former one's connections are gone, whether or not it could say so.
      if (holder !== null) release(holder.tab);
      holder = { tab, send };
      events.changed();
    },
    left: release,
  };
}
