/**
 * The tab's connection to the worker. A worker is ended whenever the browser likes, and no event tells a tab: so
 * the tab watches a Web Lock the worker holds, and, where that tells nothing, how long an answer takes. It then
 * says hello again, which starts the worker, and repeats what was not answered. What follows on what is in
 * `link-machine.ts`; here it is done.
 */
import { fromErrorData, PresyncError } from "../../shared/errors.ts";
import type {
  Call,
  Changes,
  HandOverAnswer,
  TabToWorker,
  ToWorker,
  WorkerToTab,
} from "../../shared/wire.ts";
import { handOverVersion, wireProtocol } from "../../shared/wire.ts";
import type { LinkEffect, LinkEvent, LinkStep } from "./link-machine.ts";
import { nextLink, startLink } from "./link-machine.ts";

export type Welcome = Extract<WorkerToTab, { type: "welcome" }>;

export interface LinkEvents {
  connected(welcome: Welcome): void;
  disconnected(): void;
  /** Everything that is about documents and status. */
  message(message: WorkerToTab): void;
  /** The worker does not start, or does not answer. */
  failing(error: PresyncError): void;
  /** Tab and worker come from builds that do not understand each other. */
  outdated(): void;
  /** Whether an answer is being waited for that the lock cannot tell about. */
  waiting(): boolean;
}

export interface WorkerLink {
  readonly isConnected: boolean;
  /** Whether tab and worker do not understand each other. */
  readonly isOutdated: boolean;
  /** Sends over the port; dropped while there is no connection, and then made good when there is one again. */
  send(message: TabToWorker): void;
  /** Asks, and asks again the next worker if this one ends. Null where a call answers with nothing. */
  call(call: Call): Promise<unknown>;
  /**
   * Gives changes to the worker itself, which starts it, whatever protocol it speaks. Resolves once they are on the
   * device's disk; a page that is being closed does not hear of it.
   */
  handOver(user: string, changes: readonly Changes[]): Promise<void>;
  /** Says hello again. */
  reconnect(): void;
  /** Connects a dormant tab. */
  wake(): void;
  /** Rejects the calls that are about documents: these are another user's. */
  abandon(error: PresyncError): void;
  close(): void;
}

export interface LinkOptions {
  readonly registration: ServiceWorkerRegistration;
  readonly build: string;
  readonly tab: string;
  readonly service: string | null;
  /** The peer id of the tab's Repo, which may be another one after a change of user. */
  readonly peerId: () => string;
  readonly events: LinkEvents;
}

/** A new worker takes over within moments, once it may. */
const takeOverMsMax = 10_000;

/** Browsers end a worker after 30 s without an event. */
const awakeMs = 20_000;

/** A worker that has not stored an edit by then is not going to: its disk may be slow, or it is gone. */
const answerMsMax = 15_000;

export function createWorkerLink(options: LinkOptions): WorkerLink {
  const { registration, events } = options;
  const calls = new Map<number, PendingCall>();
  /** Answers that are true once there is a connection again. */
  const afterWelcome: (() => void)[] = [];
  const listeners = new AbortController();
  let { state } = startLink();
  let lastCall = 0;
  let port: MessagePort | null = null;
  /** To whom hello was said last. */
  let greeted: ServiceWorker | null = null;
  let welcome: Welcome | null = null;
  let failure = silence();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watch: AbortController | null = null;
  let lastHeardAt = 0;

  const post = (message: ToWorker, transfer: Transferable[] = []): void => {
    registration.active?.postMessage(message, transfer);
  };

  const dispatch = (event: LinkEvent): void => {
    const next = nextLink(state, event);
    if (next !== null) enter(next);
  };

  const enter = (next: LinkStep): void => {
    ({ state } = next);
    clearTimeout(timer);
    if (next.timerMs !== null)
      timer = setTimeout(() => {
        failure = silence();
        dispatch({ name: "timer" });
      }, next.timerMs);
    const { effects } = next;
    // An effect may lead on to another state: then what is left of this one's is void.
    for (const effect of effects) if (state === next.state) perform[effect]();
  };

  /** Tells what became of something only while the state that asked for it lasts. */
  const later = <T>(result: Promise<T>, eventOf: (value: T) => LinkEvent): void => {
    const asked = state;
    void result.then((value) => {
      if (state === asked) dispatch(eventOf(value));
    });
  };

  const perform: Record<LinkEffect, () => void> = {
    hello() {
      const channel = new MessageChannel();
      const own = channel.port1;
      port = own;
      own.addEventListener("message", (event: MessageEvent<WorkerToTab>) => {
        if (own === port) receive(event.data);
      });
      own.start();
      const { build, tab, service } = options;
      greeted = registration.active;
      const peerId = options.peerId();
      post({ type: "hello", protocol: wireProtocol, build, tab, peerId, service }, [channel.port2]);
    },
    drop() {
      watch?.abort();
      watch = null;
      port?.close();
      port = null;
      if (welcome === null) return;
      welcome = null;
      events.disconnected();
    },
    use() {
      watchLock(welcome!.lock);
      events.connected(welcome!);
      // Unless it has connected again at once, as another user's.
      if (state.name !== "connected") return;
      settleAll();
      for (const [id, { call }] of calls) send({ type: "call", id, call });
      if (calls.size > 0) keepAwake();
    },
    "await successor"() {
      later(takeOver(registration), () => ({ name: "settled", needed: isNeeded() }));
    },
    "seek newer"() {
      later(seekNewer(registration, greeted), (found) => ({ name: "sought", found }));
    },
    "tell failing": () => events.failing(failure),
    "tell outdated"() {
      settleAll();
      rejectAll(mismatch());
      events.outdated();
    },
  };

  const watchLock = (name: string): void => {
    const abort = new AbortController();
    watch = abort;
    // Shared: a tab that hangs, or is frozen, would be granted an exclusive one and keep it from all others.
    navigator.locks
      .request(name, { mode: "shared", signal: abort.signal }, () => {
        if (watch === abort) dispatch({ name: "ended" });
      })
      .catch(() => undefined);
  };

  const receive = (message: WorkerToTab): void => {
    lastHeardAt = Date.now();
    switch (message.type) {
      case "welcome":
        welcome = message;
        return dispatch({ name: "welcome" });
      case "mismatch":
        return dispatch({ name: "mismatch" });
      case "result": {
        const pending = calls.get(message.id);
        calls.delete(message.id);
        const { error, value } = message;
        const settle = (): void =>
          error === null ? pending?.resolve(value) : pending?.reject(fromErrorData(error));
        // Another user is current: for the caller that is so once the tab shows it.
        if (message.ended) afterWelcome.push(settle);
        else settle();
        return;
      }
      case "user-changed":
        return dispatch({ name: "again" });
      case "failed":
        if (welcome !== null) return events.message(message);
        failure = fromErrorData(message.error);
        return dispatch({ name: "failed" });
      case "ack":
      case "changes":
      case "connection":
      case "gap":
      case "presence":
      case "status":
      case "sync":
        events.message(message);
    }
  };

  const send = (message: TabToWorker): void => {
    if (welcome !== null) port?.postMessage(message);
  };

  const settleAll = (): void => {
    for (const settle of afterWelcome.splice(0)) settle();
  };

  const rejectAll = (error: PresyncError): void => {
    for (const { reject } of calls.values()) reject(error);
    calls.clear();
  };

  const isNeeded = (): boolean =>
    document.visibilityState === "visible" || calls.size > 0 || events.waiting();

  /** But for one that is about to be replaced. */
  const keepAwake = (): void => {
    if (registration.waiting === null) post({ type: "awake" });
  };

  const awake = setInterval(() => {
    if (isNeeded()) keepAwake();
  }, awakeMs);
  const overdue = setInterval(() => {
    const isOverdue = Date.now() - lastHeardAt > answerMsMax;
    if (state.name === "connected" && events.waiting() && isOverdue) dispatch({ name: "again" });
  }, answerMsMax / 3);
  onNewWorker(registration, listeners.signal, () => dispatch({ name: "changed" }));

  enter(startLink());
  return {
    get isConnected() {
      return state.name === "connected";
    },
    get isOutdated() {
      return state.name === "outdated";
    },
    send,
    handOver(user, changes) {
      const { port1, port2 } = new MessageChannel();
      return new Promise((resolve, reject) => {
        const end = setTimeout(() => {
          port1.close();
          reject(silence());
        }, answerMsMax);
        port1.addEventListener("message", ({ data }: MessageEvent<HandOverAnswer>) => {
          clearTimeout(end);
          port1.close();
          if (data.error === null) resolve();
          else reject(fromErrorData(data.error));
        });
        port1.start();
        post({ type: "hand-over", version: handOverVersion, user, changes }, [port2]);
      });
    },
    reconnect: () => dispatch({ name: "again" }),
    wake: () => dispatch({ name: "needed" }),
    abandon(error) {
      for (const [id, { call, reject }] of calls) {
        if (!("documentId" in call)) continue;
        calls.delete(id);
        reject(error);
      }
    },
    call(call) {
      if (state.name === "closed") return Promise.reject(closed());
      if (state.name === "outdated") return Promise.reject(mismatch());
      const id = ++lastCall;
      return new Promise((resolve, reject) => {
        calls.set(id, { call, resolve, reject });
        send({ type: "call", id, call });
        // What goes over a port does not keep the worker alive; this does, until it has answered.
        keepAwake();
        dispatch({ name: "needed" });
      });
    },
    close() {
      if (state.name === "closed") return;
      send({ type: "bye" });
      dispatch({ name: "close" });
      listeners.abort();
      clearInterval(awake);
      clearInterval(overdue);
      settleAll();
      rejectAll(closed());
    },
  };
}

/** Waits for the worker that is being installed, if there is one; true when it is the active one. */
function takeOver({ installing, waiting }: ServiceWorkerRegistration): Promise<boolean> {
  const next = installing ?? waiting;
  if (next === null) return Promise.resolve(false);
  return new Promise((resolve) => {
    const end = (hasTakenOver: boolean): void => {
      clearTimeout(timer);
      next.removeEventListener("statechange", look);
      resolve(hasTakenOver);
    };
    const look = (): void => {
      if (next.state === "activated") end(true);
      if (next.state === "redundant") end(false);
    };
    const timer = setTimeout(() => end(false), takeOverMsMax);
    next.addEventListener("statechange", look);
    look();
  });
}

/** Asks the app's server; true when another worker than `before` is active afterwards. */
export async function seekNewer(
  registration: ServiceWorkerRegistration,
  before: ServiceWorker | null,
): Promise<boolean> {
  // Some browsers wait for ever for a network that does not answer.
  const patience = new Promise((resolve) => void setTimeout(resolve, takeOverMsMax));
  await Promise.race([registration.update().catch(() => undefined), patience]);
  return (await takeOver(registration)) || registration.active !== before;
}

function onNewWorker(
  registration: ServiceWorkerRegistration,
  signal: AbortSignal,
  listener: () => void,
): void {
  const follow = (): void => {
    const next = registration.installing;
    next?.addEventListener("statechange", () => next.state === "activated" && listener(), {
      signal,
    });
  };
  registration.addEventListener("updatefound", follow, { signal });
  follow();
}

function mismatch(): PresyncError {
  return new PresyncError("version-mismatch", "the page and the worker do not fit");
}

function silence(): PresyncError {
  return new PresyncError("worker-unavailable", "the worker does not answer");
}

function closed(): PresyncError {
  return new PresyncError("closed", "presync was closed");
}

interface PendingCall {
  readonly call: Call;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: PresyncError) => void;
}
