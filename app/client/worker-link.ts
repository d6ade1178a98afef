/**
 * The tab's connection to the worker. A worker is ended whenever the browser likes, and no event tells a tab: so
 * the tab watches a Web Lock the worker holds, and, where that tells nothing, how long an answer takes. It then
 * says hello again, which starts the worker, and repeats what was not answered.
 *
 *     connecting --welcome--> connected --(lock granted, answer overdue, user changed)--> connecting
 *         |  '--(no welcome in time)--> connecting, after a pause
 *         '--mismatch--> outdated          any --close--> closed
 *
 * A hidden tab that waits for nothing lets a worker sleep that the browser has ended: instead of connecting again
 * it is dormant until it is shown, or has something to say.
 */
import { fromErrorData, PresyncError } from "../../shared/errors.ts";
import type { Call, TabToWorker, ToWorker, WorkerToTab } from "../../shared/wire.ts";
import { wireProtocol } from "../../shared/wire.ts";

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
  /** Sends over the port; dropped while there is no connection, and then made good when there is one again. */
  send(message: TabToWorker): void;
  /** Asks, and asks again the next worker if this one ends. */
  call(call: Call): Promise<void>;
  /** Posts to the worker itself, which starts it. */
  post(message: ToWorker): void;
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

/**
 * A cold worker takes half a second on a slow machine, a busy one a few. A hello that is posted in the moment in
 * which a worker ends may be lost, so the first wait is short.
 */
const welcomeMsMin = 2_000;
const welcomeMsMax = 10_000;

/** A new worker takes over within moments, once it may. */
const takeOverMsMax = 10_000;

const failuresMax = 3;
const retryMsMin = 250;
const retryMsMax = 10_000;

/** Browsers end a worker after 30 s without an event. */
const awakeMs = 20_000;

/** A worker that has not stored an edit by then is not going to: its disk may be slow, or it is gone. */
const answerMsMax = 15_000;

export function createWorkerLink(options: LinkOptions): WorkerLink {
  const { registration, events } = options;
  const calls = new Map<number, PendingCall>();
  /** Answers that are true once there is a connection again. */
  const afterWelcome: (() => void)[] = [];
  let lastCall = 0;
  let port: MessagePort | null = null;
  let isConnected = false;
  let isClosed = false;
  let isDormant = false;
  let isOutdated = false;
  let isUpdated = false;
  let failures = 0;
  let retryMs = retryMsMin;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let watch: AbortController | null = null;
  let lastHeardAt = 0;

  const post = (message: ToWorker, transfer: Transferable[] = []): void => {
    registration.active?.postMessage(message, transfer);
  };

  const hello = (): void => {
    if (isClosed) return;
    isDormant = false;
    const channel = new MessageChannel();
    port = channel.port1;
    const own = port;
    own.addEventListener("message", (event: MessageEvent<WorkerToTab>) => {
      if (own === port) receive(event.data);
    });
    own.start();
    post(
      {
        type: "hello",
        protocol: wireProtocol,
        build: options.build,
        tab: options.tab,
        peerId: options.peerId(),
        service: options.service,
      },
      [channel.port2],
    );
    clearTimeout(timer);
    const silence = new PresyncError("worker-unavailable", "the worker does not answer");
    const welcomeMs = Math.min(welcomeMsMin * 2 ** failures, welcomeMsMax);
    timer = setTimeout(() => fail(silence), welcomeMs);
  };

  const fail = (error: PresyncError): void => {
    failures++;
    if (failures >= failuresMax) events.failing(error);
    reconnect(retryMs);
  };

  const reconnect = (delayMs: number): void => {
    if (isClosed) return;
    drop();
    clearTimeout(timer);
    timer = setTimeout(hello, delayMs);
    retryMs = Math.min(retryMs * 2, retryMsMax);
  };

  /** A worker of another build may be an old one: if there is a newer one, it is welcome. */
  const update = async (): Promise<void> => {
    if (!isUpdated) {
      isUpdated = true;
      const before = registration.active;
      await registration.update().catch(() => undefined);
      if ((await takeOver(registration)) || registration.active !== before) return hello();
    }
    isOutdated = true;
    settleAll();
    rejectAll(mismatch());
    events.outdated();
  };

  const drop = (): void => {
    watch?.abort();
    watch = null;
    port?.close();
    port = null;
    if (!isConnected) return;
    isConnected = false;
    events.disconnected();
  };

  const watchLock = (name: string): void => {
    const abort = new AbortController();
    watch = abort;
    navigator.locks
      .request(name, { signal: abort.signal }, () => {
        if (watch !== abort) return;
        drop();
        // A hello would bring the old worker back to life, and the new one could never take its place.
        void takeOver(registration).then(() => {
          if (isNeeded()) reconnect(0);
          else isDormant = true;
        });
      })
      .catch(() => undefined);
  };

  const receive = (message: WorkerToTab): void => {
    lastHeardAt = Date.now();
    switch (message.type) {
      case "welcome":
        clearTimeout(timer);
        retryMs = retryMsMin;
        failures = 0;
        isConnected = true;
        watchLock(message.lock);
        events.connected(message);
        // Unless it has connected again at once, as another user's.
        if (!isConnected) return;
        settleAll();
        for (const [id, { call }] of calls) send({ type: "call", id, call });
        return;
      case "mismatch":
        drop();
        clearTimeout(timer);
        void update();
        return;
      case "result": {
        const pending = calls.get(message.id);
        calls.delete(message.id);
        const { error } = message;
        const settle = (): void =>
          error === null ? pending?.resolve() : pending?.reject(fromErrorData(error));
        // Another user is current: for the caller that is so once the tab shows it.
        if (message.ended) afterWelcome.push(settle);
        else settle();
        return;
      }
      case "user-changed":
        reconnect(0);
        return;
      case "failed":
        if (isConnected) events.message(message);
        else fail(fromErrorData(message.error));
        return;
      case "ack":
      case "changes":
      case "gap":
      case "status":
      case "sync":
        events.message(message);
    }
  };

  const send = (message: TabToWorker): void => {
    if (isConnected) port?.postMessage(message);
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

  const wake = (): void => {
    if (!isDormant) return;
    reconnect(0);
  };

  const awake = setInterval(() => {
    if (isNeeded() && registration.waiting === null) post({ type: "awake" });
  }, awakeMs);
  const overdue = setInterval(() => {
    if (isConnected && events.waiting() && Date.now() - lastHeardAt > answerMsMax) reconnect(0);
  }, answerMsMax / 3);

  hello();
  return {
    send,
    post,
    reconnect: () => reconnect(0),
    wake,
    abandon(error) {
      for (const [id, { call, reject }] of calls) {
        if (call.name === "sign-in-key" || call.name === "sign-out") continue;
        calls.delete(id);
        reject(error);
      }
    },
    call(call) {
      if (isClosed) return Promise.reject(new PresyncError("closed", "presync was closed"));
      if (isOutdated) return Promise.reject(mismatch());
      const id = ++lastCall;
      return new Promise((resolve, reject) => {
        calls.set(id, { call, resolve, reject });
        send({ type: "call", id, call });
        wake();
      });
    },
    close() {
      if (isClosed) return;
      send({ type: "bye" });
      isClosed = true;
      drop();
      clearTimeout(timer);
      clearInterval(awake);
      clearInterval(overdue);
      settleAll();
      rejectAll(new PresyncError("closed", "presync was closed"));
    },
  };
}

/** Waits for the worker that is being installed, if there is one; true when it is the active one. */
function takeOver({ installing, waiting }: ServiceWorkerRegistration): Promise<boolean> {
  const next = installing ?? waiting;
  if (next === null) return Promise.resolve(false);
  return new Promise((resolve) => {
    const look = (): void => {
      if (next.state === "activated") resolve(true);
      if (next.state === "redundant") resolve(false);
    };
    next.addEventListener("statechange", look);
    setTimeout(() => resolve(false), takeOverMsMax);
    look();
  });
}

function mismatch(): PresyncError {
  return new PresyncError("version-mismatch", "the page and the worker do not fit");
}

interface PendingCall {
  readonly call: Call;
  readonly resolve: () => void;
  readonly reject: (error: PresyncError) => void;
}
