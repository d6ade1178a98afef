/**
 * The worker's end of all tabs: says hello back, passes sync messages, brings changes to disk and acknowledges
 * them, answers calls, and sends everybody the same status.
 */
import type { Message, PeerId } from "@automerge/automerge-repo/slim";
import type { Deferred } from "../shared/deferred.ts";
import { createDeferred } from "../shared/deferred.ts";
import type { ErrorData } from "../shared/errors.ts";
import { PresyncError, toErrorData } from "../shared/errors.ts";
import type { Status } from "../shared/status.ts";
import type { Call, Changes, TabToWorker, ToWorker, WorkerToTab } from "../shared/wire.ts";
import { wireProtocol } from "../shared/wire.ts";
import { pause } from "./pause.ts";
import type { UserSession } from "./user-session.ts";
import { headsIfReady } from "./user-session.ts";
import type { Users } from "./users.ts";

type Hello = Extract<ToWorker, { type: "hello" }>;

/** A change that a closing tab built on another tab's is followed by that one soon, or never. */
const arrivalMsMax = 60_000;

/** What failed to be applied once may fail again: the tab is not asked for it in a hurry. */
const refusalMs = 2_000;

/** A few rounds of requests; a worker that is to be replaced must not be held for longer. */
const settleMsMax = 5_000;

interface Tab {
  readonly id: string;
  /** The browser's name for the page. */
  readonly client: string;
  readonly peerId: PeerId;
  readonly service: string | null;
  readonly session: UserSession;
  online: boolean;
  visible: boolean;
  readonly left: Deferred<void>;
  send(message: WorkerToTab): void;
  close(): void;
}

export interface TabHub {
  /** A tab says hello; resolves when it was answered. */
  connect(hello: Hello, port: MessagePort, client: string): Promise<void>;
  /** Resolves once it is on disk. */
  handOver(message: Extract<ToWorker, { type: "hand-over" }>): Promise<void>;
  /** Sends the status to every tab. */
  broadcast(status: Status): void;
  /** Forgets tabs that ended without a word; `clients` are the pages there are. */
  prune(clients: ReadonlySet<string>): void;
  /** Sends every tab away, to connect anew. */
  dismiss(): void;
  /** Resolves once every call that can be answered without waiting for a network to come back has been. */
  answered(): Promise<void>;
  /** Resolves once what is being read and written is there, or after some seconds. */
  settled(): Promise<void>;
  /** Sends what is unsent; true when nothing is left. */
  flush(): Promise<boolean>;
  readonly online: boolean;
  /** Whether anybody looks at a page. */
  readonly visible: boolean;
}

export interface TabHubParts {
  readonly users: Users;
  readonly build: string;
  readonly lock: string;
  readonly status: (session: UserSession) => Status;
  readonly keep: (urls: readonly string[]) => void;
  readonly changed: () => void;
  /** Sends the status now, instead of soon. */
  readonly announce: () => void;
  /** The same, but only where the last one said that the bucket has everything and that may not be so any more. */
  readonly withdrawSaved: () => void;
}

export function createTabHub(parts: TabHubParts): TabHub {
  const { users, build } = parts;
  const tabs = new Map<string, Tab>();
  const underWay = new Set<Promise<void>>();
  /** Resolves with the next status. */
  let told = createDeferred();

  const conditions = (): { online: boolean; visible: boolean } => ({
    // Without a tab nobody knows: better to try once too often.
    online: tabs.size === 0 || [...tabs.values()].some((tab) => tab.online),
    visible: [...tabs.values()].some((tab) => tab.visible),
  });

  const conditionsChanged = (): void => {
    users.peek()?.conditions(conditions());
    parts.changed();
  };

  const remove = (tab: Tab): void => {
    if (tabs.get(tab.id) !== tab) return;
    tabs.delete(tab.id);
    tab.session.tabs.removeTab(tab.peerId);
    tab.session.live.presence.removeTab(tab);
    tab.close();
    conditionsChanged();
  };

  const takeChanges = async (tab: Tab, seq: number, changes: Changes): Promise<void> => {
    const { handle, stored } = await tab.session.apply(changes);
    const { documentId, bytes, heads } = changes;
    if (stored === null) return tab.send({ type: "gap", documentId, heads: headsIfReady(handle) });
    // The other tabs see it at once; it reaches the disk meanwhile.
    for (const other of tabs.values())
      if (other !== tab && other.session === tab.session)
        other.send({ type: "changes", documentId, bytes, heads });
    await stored;
    tab.session.engine.problems.resolve(`changes/${documentId}`);
    parts.withdrawSaved();
    tab.send({ type: "ack", seq });
  };

  const serviceOf = ({ service }: Tab): string => {
    if (service !== null) return service;
    throw new PresyncError("no-service", "connect() was given no service");
  };

  const answer = async (tab: Tab, call: Call): Promise<unknown> => {
    switch (call.name) {
      case "open":
        return tab.session.open(call.documentId, call.birth);
      case "stored":
        return tab.session.stored(call.documentId, call.heads);
      case "in-bucket":
        return tab.session.inBucket(call.documentId, call.heads);
      case "peek":
        return tab.session.peek(call.documentIds);
      case "sign-in-key":
        return users.signInWithKey(call.secretKey, serviceOf(tab));
      case "begin-sign-in":
        return users.beginSignIn(call.provider, call.returnTo, serviceOf(tab));
      case "ask-for-mail":
        return users.askForMail(call, serviceOf(tab));
      case "finish-sign-in":
        return users.finishSignIn(call.code, serviceOf(tab));
      case "sign-out":
        return users.signOut(call);
      case "account":
        return tab.session.account.answer(call.request);
      case "delete-everything":
        return users.deleteEverything(call.confirm);
      default:
        // A page of a later build: it must not take silence for done.
        throw new PresyncError("version-mismatch", "the worker does not know this call");
    }
  };

  const receive = (tab: Tab, message: TabToWorker): void => {
    switch (message.type) {
      case "sync":
        tab.session.tabs.receive(message.message as Message);
        return;
      case "changes":
        takeChanges(tab, message.seq, message).catch(async (error: unknown) => {
          const { documentId } = message;
          const { code, message: why } = toErrorData(error);
          const problem = new PresyncError(code, why, { key: documentId });
          tab.session.engine.problems.report(`changes/${documentId}`, problem);
          await pause(refusalMs);
          // Told that nothing is here, the tab sends it all again.
          tab.send({ type: "gap", documentId, heads: [] });
        });
        return;
      case "call": {
        const { id } = message;
        const done = (error: ErrorData | null, value: unknown): void => {
          const isLeft = users.peek() !== tab.session;
          // Its session is being exchanged: the tab will connect anew, and ask again.
          if (isLeft && error?.code === "closed") return;
          const ended = isLeft && users.peek() !== null;
          // Who reads the status after an answer finds it in there.
          if (!ended) parts.announce();
          tab.send({ type: "result", id, error, value, ended });
          // Only now: an answer on a port that was left behind would be lost, and the call repeated.
          if (ended && tabs.get(tab.id) === tab) dismiss();
        };
        const answered = answer(tab, message.call).then(
          (value) => done(null, value ?? null),
          (failure: unknown) => done(toErrorData(failure), null),
        );
        if (message.call.name === "in-bucket") return;
        // One who has left asks again elsewhere; what he asked here may never be answered.
        const over = Promise.race([answered, tab.left.promise]);
        underWay.add(over);
        void over.finally(() => underWay.delete(over));
        return;
      }
      case "context":
        tab.online = message.online;
        tab.visible = message.visible;
        conditionsChanged();
        return;
      case "loaded":
        parts.keep(message.urls);
        return;
      case "presence":
        tab.session.live.presence.receive(tab, message.documentId, message.news);
        return;
      case "presence-end":
        tab.session.live.presence.end(tab, message.documentId);
        return;
      case "connection":
        tab.session.live.peers.heard(tab.id, message.event, (command) =>
          tab.send({ type: "connection", command }),
        );
        return;
      case "bye":
        remove(tab);
    }
  };

  const dismiss = (): void => {
    for (const tab of tabs.values()) {
      tabs.delete(tab.id);
      tab.send({ type: "user-changed" });
      tab.close();
    }
  };

  return {
    get online() {
      return conditions().online;
    },
    get visible() {
      return conditions().visible;
    },
    async answered() {
      while (underWay.size > 0) await Promise.all(underWay);
    },
    async settled() {
      const end = Date.now() + settleMsMax;
      while (users.peek()?.isBusy) {
        const leftMs = end - Date.now();
        if (leftMs <= 0 || leftMs > settleMsMax) return;
        await Promise.race([told.promise, pause(leftMs)]);
      }
    },
    flush: async () => (await users.current()).engine.flush(),
    async connect(hello, port, client) {
      const send = (message: WorkerToTab): void => port.postMessage(message);
      if (hello.protocol !== wireProtocol)
        return send({ type: "mismatch", protocol: wireProtocol, build });
      let session: UserSession;
      try {
        session = await users.current();
      } catch (error) {
        return send({ type: "failed", error: toErrorData(error) });
      }
      const before = tabs.get(hello.tab);
      if (before !== undefined) {
        before.session.live.presence.forgetTab(before);
        remove(before);
      }
      const unsubscribe = session.live.peers.onChanges((changes) =>
        send({ type: "changes", ...changes }),
      );
      const tab: Tab = {
        id: hello.tab,
        client,
        peerId: hello.peerId as PeerId,
        service: hello.service,
        session,
        online: true,
        visible: true,
        left: createDeferred(),
        send,
        close() {
          unsubscribe();
          session.live.peers.left(hello.tab);
          port.close();
          tab.left.resolve();
        },
      };
      tabs.set(tab.id, tab);
      port.addEventListener("message", (event: MessageEvent<TabToWorker>) =>
        receive(tab, event.data),
      );
      const { id, absorbed } = session.user;
      send({
        type: "welcome",
        protocol: wireProtocol,
        build,
        lock: parts.lock,
        peerId: session.peerId,
        user: id,
        absorbed,
        status: parts.status(session),
      });
      session.tabs.addTab(tab.peerId, (message) => send({ type: "sync", message }));
      port.start();
      conditionsChanged();
    },
    async handOver({ user, changes }) {
      const session = await users.current();
      if (session.user.id !== user) return users.stash(user, changes);
      for (const { documentId, heads } of await session.applyAll(changes)) {
        const stored = session.stored(documentId, heads).then(() => true);
        if (await Promise.race([stored, pause(arrivalMsMax).then(() => false)])) continue;
        throw new PresyncError("unsaved", "it builds on changes that are not here");
      }
      parts.withdrawSaved();
    },
    broadcast(status) {
      // A tab that has not left the former user's session yet has nothing to do with the next one's.
      const current = users.peek();
      for (const tab of tabs.values())
        if (tab.session === current) tab.send({ type: "status", status });
      told.resolve();
      told = createDeferred();
    },
    prune(clients) {
      for (const tab of tabs.values()) if (!clients.has(tab.client)) remove(tab);
    },
    dismiss,
  };
}
