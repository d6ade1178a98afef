/**
 * All that shows a user's changes to the others sooner than the next poll: the service's hints, channels to the user's
 * other browsers, and presence over them. Each goes on without the others, and nothing rests on any of them.
 */
import { decodeBase64Url, encodeBase64Url } from "../shared/base64url.ts";
import type { LogicalTime } from "../shared/hlc.ts";
import type { ReplicaId } from "../shared/keys.ts";
import type { Status } from "../shared/status.ts";
import type { Engine } from "./engine/engine.ts";
import type { Bucket, World } from "./engine/world.ts";
import type { LiveHints } from "./hints/live-hints.ts";
import { createLiveHints } from "./hints/live-hints.ts";
import type { Peers } from "./peers/peers.ts";
import { createPeers } from "./peers/peers.ts";
import type { SignalTransport } from "./peers/signal-transport.ts";
import type { PresenceRelay } from "./presence-relay.ts";
import { createPresenceRelay } from "./presence-relay.ts";
import type { ServiceClient } from "./service-client.ts";
import type { SessionKeeper } from "./session-keeper.ts";

interface Conditions {
  readonly online: boolean;
  readonly visible: boolean;
}

export interface Live {
  /** The other browsers that this one has channels to. */
  readonly peers: Peers;
  readonly presence: PresenceRelay;
  readonly hints: Status["hints"];
  /** Whether something of ours is on its way to the service. */
  readonly isReporting: boolean;
  /** The bucket that the engine syncs with; null while there is no grant. */
  use(bucket: Bucket | null): void;
  /** There is another grant, and maybe the first. */
  granted(): void;
  /** The store has acknowledged a manifest. */
  published(generation: number, time: LogicalTime): void;
  /** Passes on to the engine what the tabs see of the world. */
  conditions(conditions: Conditions): void;
  close(): void;
}

export interface LiveParts {
  readonly world: World;
  readonly engine: () => Engine;
  /** Null while nobody is signed in. */
  readonly signedIn: {
    readonly client: Pick<ServiceClient, "stream" | "ask">;
    readonly sessions: SessionKeeper;
  } | null;
  /** This browser's id; null before the first grant. */
  readonly replica: () => ReplicaId | null;
  readonly isRevoked: () => boolean;
  /** `hints`, or what `peers.has` says, may be another one. */
  readonly changed: () => void;
}

export function createLive(parts: LiveParts): Live {
  const { world, engine, signedIn, replica, isRevoked, changed } = parts;
  let seen: Conditions = { online: true, visible: true };
  let hinted = false;
  let channels: ReadonlySet<ReplicaId> = new Set();

  const tellEngine = (): void => {
    const watched = hints?.state === "live" && hints.isWatched;
    engine().conditions({ ...seen, hinted, watched, channels });
  };

  const peers = createPeers({
    world,
    engine,
    isRevoked,
    hinted(areLive, open) {
      [hinted, channels] = [areLive, open];
      tellEngine();
    },
    changed,
  });

  const hints =
    signedIn &&
    createLiveHints({
      ...world,
      ...signedIn,
      replica,
      heard: (hint) => engine().hint(hint.replica, hint.generation),
      missed: () => engine().hint(),
      changed() {
        peers.useService(hints?.state === "live" ? signals : null);
        tellEngine();
        changed();
      },
    });
  const signals = hints && signalsOver(hints);

  const presence = createPresenceRelay({
    replica: replica(),
    now: () => performance.now(),
    remote: {
      send: (bytes) => peers.sendEphemeral(bytes),
      onMessage: (listener) => void peers.onEphemeral((from, bytes) => listener(bytes, from)),
      onPeer: (listener) => void peers.onOpen(listener),
    },
  });

  return {
    peers,
    presence,
    get hints() {
      return hints?.state ?? "off";
    },
    get isReporting() {
      return hints?.isReporting === true;
    },
    use: (bucket) => peers.use(bucket),
    granted: () => hints?.granted(),
    published(generation, time) {
      peers.wrote(generation);
      hints?.published(generation, time);
    },
    conditions(conditions) {
      seen = conditions;
      hints?.conditions(conditions);
      peers.conditions(conditions);
      tellEngine();
    },
    close() {
      presence.close();
      peers.close();
      hints?.close();
    },
  };
}

/** The service passes on text, and vouches for whose it is. */
function signalsOver(hints: LiveHints): SignalTransport {
  return {
    send: (to, bytes) => hints.signal(to, encodeBase64Url(bytes)),
    subscribe: (listener) =>
      hints.onSignal(({ from, payload }) => {
        let bytes: Uint8Array;
        try {
          bytes = decodeBase64Url(payload);
        } catch {
          // Of a later build: the bucket has a way as well.
          return;
        }
        listener(from, bytes);
      }),
  };
}
