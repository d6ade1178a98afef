/**
 * Passes on what tabs say of themselves in documents: to the user's other tabs in this browser, and over channels to the
 * user's other browsers. One belongs to one user's session, so nothing of one user comes to another.
 *
 * It knows of a document no more than its id, opens none, and keeps nothing but who listens to what: no state, nothing on
 * disk, nothing in the bucket. Nor does it keep the worker alive: when the worker ends, tabs ask again at the next one.
 * Who speaks is said here, and never taken from a tab: its id, this replica, this browser. What came over a channel
 * goes to tabs alone, so nothing can go round in circles.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { isValidDocumentId } from "@automerge/automerge-repo/slim";
import type { PresenceMessage } from "../shared/codecs/presence.ts";
import { decodePresence, encodePresence, presenceNonceBytes } from "../shared/codecs/presence.ts";
import { bytesToHex, hexToBytes } from "../shared/hex.ts";
import type { ReplicaId } from "../shared/keys.ts";
import type { PresenceNews } from "../shared/presence.ts";
import { fitsState } from "../shared/presence.ts";
import type { HeardPresence, WorkerToTab } from "../shared/wire.ts";
import { packDocumentId, unpackDocumentId } from "./engine/packing.ts";
import type { RateLimit } from "./rate-limit.ts";
import { createRateLimit } from "./rate-limit.ts";

/** The channels to the user's other browsers. What is sent may be lost, doubled or late. */
export interface PresenceRemote {
  /** To every browser that there is a channel to. */
  send(bytes: Uint8Array<ArrayBuffer>): void;
  /** `from` is the replica that the channel's other end has proved to be. */
  onMessage(listener: (bytes: Uint8Array, from: ReplicaId) => void): void;
  /** There is a channel to one more browser. */
  onPeer(listener: () => void): void;
}

/** A connected tab. */
export interface PresenceTab {
  readonly id: string;
  send(message: WorkerToTab): void;
}

export interface PresenceRelay {
  /** A tab says something of itself. */
  receive(tab: PresenceTab, documentId: string, news: PresenceNews): void;
  /** The tab listens to the document no more; it has left it where it was there. */
  end(tab: PresenceTab, documentId: string): void;
  /** The tab is gone: it has left every document in which it was. */
  removeTab(tab: PresenceTab): void;
  /** The same tab comes back over another port in this moment, and has left nothing. */
  forgetTab(tab: PresenceTab): void;
  /** The session ends: for other browsers every tab has left. This browser's are about to connect to the next one. */
  close(): void;
}

export interface PresenceRelayParts {
  /** This browser's; null while nobody is signed in. */
  readonly replica: ReplicaId | null;
  /** In milliseconds; never set back. */
  readonly now: () => number;
  readonly remote: PresenceRemote | null;
}

/** A tab sends twenty states a second of the document in which somebody moves; all its documents at once when it connects. */
const tabPerSecond = 60;
const tabBurstMax = 512;

/** Several tabs speak through one browser. */
const replicaPerSecond = 240;
const replicaBurstMax = 2048;

/** A page that shows who is where in a long list. */
const documentsPerTabMax = 256;

/** More than a mesh has. Who is forgotten is only known anew. */
const replicasMax = 64;

interface Listener {
  readonly limit: RateLimit;
  /** The documents it listens to, and whether it is there itself. */
  readonly documents: Map<string, boolean>;
}

/** What is known of another browser. */
interface Origin {
  nonce: string;
  number: number;
  readonly limit: RateLimit;
}

export function createPresenceRelay({ replica, now, remote }: PresenceRelayParts): PresenceRelay {
  const listeners = new Map<PresenceTab, Listener>();
  const origins = new Map<ReplicaId, Origin>();
  const nonce = crypto.getRandomValues(new Uint8Array(presenceNonceBytes));
  let sent = 0;

  const tell = (heard: HeardPresence, except?: PresenceTab): void => {
    for (const [tab, { documents }] of listeners)
      if (tab !== except && documents.has(heard.documentId))
        tab.send({ type: "presence", ...heard });
  };

  const sendRemote = (tab: PresenceTab, documentId: string, news: PresenceNews): void => {
    if (remote === null || replica === null || !uuidPattern.test(tab.id)) return;
    const message: PresenceMessage = {
      replica,
      tab: hexToBytes(tab.id.replaceAll("-", "")),
      nonce,
      number: sent++,
      // It was checked when the tab began to listen.
      documentId: packDocumentId(documentId as DocumentId),
      news,
    };
    remote.send(encodePresence(message));
  };

  const passOn = (tab: PresenceTab, documentId: string, news: PresenceNews): void => {
    tell({ documentId, replica, tab: tab.id, isSameBrowser: true, news }, tab);
    sendRemote(tab, documentId, news);
  };

  const leave = (tab: PresenceTab, documentId: string): void => {
    const documents = listeners.get(tab)?.documents;
    if (documents?.get(documentId) !== true) return;
    documents.set(documentId, false);
    passOn(tab, documentId, { kind: "left" });
  };

  /** Null where it is not to be heard: it is another's word, was heard before, or comes too fast. */
  const accept = (bytes: Uint8Array, from: ReplicaId): PresenceMessage | null => {
    const origin = originOf(from);
    if (from === replica || !origin.limit.take(now())) return null;
    let message: PresenceMessage;
    try {
      message = decodePresence(bytes);
    } catch {
      // Of a later build, or hostile. Nothing depends on it.
      return null;
    }
    if (message.replica !== from) return null;
    const incarnation = bytesToHex(message.nonce);
    if (incarnation === origin.nonce && message.number <= origin.number) return null;
    [origin.nonce, origin.number] = [incarnation, message.number];
    return message;
  };

  const originOf = (from: ReplicaId): Origin => {
    const origin = origins.get(from) ?? {
      nonce: "",
      number: -1,
      limit: createRateLimit(replicaPerSecond, replicaBurstMax),
    };
    // Last in the map is who was heard last.
    origins.delete(from);
    origins.set(from, origin);
    const [oldest] = origins.keys();
    if (origins.size > replicasMax && oldest !== undefined) origins.delete(oldest);
    return origin;
  };

  remote?.onMessage((bytes, from) => {
    const message = accept(bytes, from);
    if (message === null) return;
    tell({
      documentId: unpackDocumentId(message.documentId),
      replica: message.replica,
      tab: bytesToTabId(message.tab),
      isSameBrowser: false,
      news: message.news,
    });
  });
  remote?.onPeer(() => {
    for (const [tab, { documents }] of listeners)
      for (const documentId of documents.keys()) {
        // The new browser's tabs answer this one, and this one's answer reaches the new browser.
        sendRemote(tab, documentId, { kind: "ask" });
        const { id } = tab;
        const news = { kind: "ask" } as const;
        tab.send({ type: "presence", documentId, replica, tab: id, isSameBrowser: true, news });
      }
  });

  return {
    receive(tab, documentId, news) {
      if (news.kind === "left") return leave(tab, documentId);
      if (news.kind === "here" && !fitsState(news.state)) return;
      const listener = listeners.get(tab) ?? {
        limit: createRateLimit(tabPerSecond, tabBurstMax),
        documents: new Map<string, boolean>(),
      };
      const { documents, limit } = listener;
      const isKnown = documents.has(documentId);
      if (!isKnown && documents.size >= documentsPerTabMax) return;
      if (!isKnown && !isValidDocumentId(documentId)) return;
      if (!limit.take(now())) return;
      listeners.set(tab, listener);
      documents.set(documentId, news.kind === "here" || documents.get(documentId) === true);
      passOn(tab, documentId, news);
    },
    end(tab, documentId) {
      leave(tab, documentId);
      listeners.get(tab)?.documents.delete(documentId);
    },
    removeTab(tab) {
      for (const documentId of listeners.get(tab)?.documents.keys() ?? []) leave(tab, documentId);
      listeners.delete(tab);
    },
    forgetTab: (tab) => void listeners.delete(tab),
    close() {
      for (const [tab, { documents }] of listeners)
        for (const [documentId, isHere] of documents)
          if (isHere) sendRemote(tab, documentId, { kind: "left" });
      listeners.clear();
    },
  };
}

/** As pages name themselves. Who has another name is heard in this browser alone. */
const uuidPattern = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

function bytesToTabId(bytes: Uint8Array): string {
  return bytesToHex(bytes).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}
