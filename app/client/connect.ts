/**
 * `connect()`: registers the worker and gives the page an ordinary automerge-repo Repo, whose documents are on
 * this device's disk and, once signed in, in the bucket.
 */
import type { AutomergeUrl, DocHandle } from "@automerge/automerge-repo/slim";
import {
  decodeHeads,
  isValidAutomergeUrl,
  parseAutomergeUrl,
} from "@automerge/automerge-repo/slim";
import type { Repo } from "@automerge/automerge-repo/slim";
import { createDeferred } from "../../shared/deferred.ts";
import type { ErrorCode } from "../../shared/errors.ts";
import { PresyncError, toErrorData } from "../../shared/errors.ts";
import { formatSecretKey, secretKeyBytes } from "../../shared/secret-key.ts";
import type { Problem, Status } from "../../shared/status.ts";
import type { WorkerToTab } from "../../shared/wire.ts";
import type { Devices } from "./account.ts";
import { createAccount } from "./account.ts";
import { birthOf, checkKinds, namedDocumentUrl } from "./births.ts";
import { discoverService } from "./discover-service.ts";
import { knownCall } from "./known-call.ts";
import { registerWorker } from "./register-worker.ts";
import { loadWasm } from "./load-wasm.ts";
import type { Presence } from "./presence.ts";
import { createPresences } from "./presence.ts";
import { createConnectionHolder } from "./connection-holder.ts";
import type { LoadedReport } from "./report-loaded.ts";
import { reportLoaded } from "./report-loaded.ts";
import type { SignInOptions } from "./sign-in.ts";
import { createSignIn, passOnCode } from "./sign-in.ts";
import type { Subscribable } from "./subscribable.ts";
import { createSubscribable, readOnly } from "./subscribable.ts";
import { startingStatus, tabStatus } from "./tab-status.ts";
import type { TabSession } from "./tab-session.ts";
import { createTabSession } from "./tab-session.ts";
import type { Welcome, WorkerLink } from "./worker-link.ts";
import { createWorkerLink, seekNewer } from "./worker-link.ts";

/** Set by the build: a name for it, and the file name of the wasm that belongs to it. */
declare const __BUILD__: string;
declare const __WASM__: string;

export interface ConnectOptions {
  /** Where the service is. Without it `/presync.json` is asked; without that, presync works signed out. */
  readonly service?: string | undefined;
  /** The worker's script. Default: `/presync-sw.js`. */
  readonly worker?: string | undefined;
  /** The worker's scope. Default: the folder of its script. */
  readonly scope?: string | undefined;
  /** Where `automerge.wasm` is. Default: beside this module. */
  readonly wasm?: string | URL | undefined;
  /**
   * Whether the user's browsers connect to each other (WebRTC), so that changes are seen before they are in the bucket.
   * Default: true, without servers that help with it (STUN, TURN), which is enough in one network. Every page of an app
   * should say the same: one of them holds the connections for all.
   */
  readonly peers?: boolean | { readonly iceServers?: readonly RTCIceServer[] } | undefined;
}

export interface Presync {
  /**
   * The current user's Repo. Another user has another one; see `repos`. The handles of a Repo that was left are
   * unloaded: reading and changing them throws.
   */
  readonly repo: Repo;
  /** Tells of a new Repo when another user becomes current: documents are then to be opened again. */
  readonly repos: Subscribable<Repo>;
  readonly status: Subscribable<Status>;
  /**
   * Opens the user's document of that name: the same one on every device. `init` names its top-level keys with
   * an empty list, map or text, a number, a boolean or null each; later versions may add keys.
   * Throws `invalid-argument` for other values, and where a key is of another kind in the document.
   */
  open<T extends object>(name: string, init: T): Promise<DocHandle<T>>;
  /**
   * What these documents hold on this device now, in the order of their URLs, without opening them: for lists of many. They
   * are copies that nobody keeps up to date, of plain values; null for a document that is not here, and for one that
   * cannot be read. A change that this page made a moment ago may not be in them yet (`saved` says when it is).
   * Throws `invalid-argument` for what is no document's URL.
   */
  peek<T extends object>(urls: readonly AutomergeUrl[]): Promise<(T | null)[]>;
  /**
   * Resolves once everything the document has now is on the device's disk, or in the object store. It waits as
   * long as that takes: for the network, and for the user to sign in. Throws `closed` when another user becomes
   * current.
   */
  saved(handle: DocHandle<unknown>, where: "device" | "bucket"): Promise<void>;
  /**
   * Who else has the document open right now: the user's other tabs and devices, and what each says of itself, such as a
   * name and where its cursor is. Nothing of it is kept. Throws `closed` for a handle of a user who is no longer current.
   */
  presence<State>(handle: Pick<DocHandle<unknown>, "documentId">): Presence<State>;
  /** A new identity without an account: shown to the user once, and kept by nobody else. */
  newSecretKey(): string;
  /**
   * Throws `invalid-argument` for a key with a typing error, `no-service` where none is known, `unreachable`
   * where it does not answer.
   */
  signIn(method: "key", options: { readonly secretKey: string }): Promise<void>;
  /**
   * With an address, resolves once a mail is on its way there; its link leads back to this page, where `connect()` signs
   * in as after `signIn("github")`. Opened in another browser, the link shows a code, which `signIn` takes here: it then
   * resolves once the user is signed in. Throws `invalid-argument` for what is no address or no code, `unauthenticated`
   * for a code that is wrong, used, or older than a quarter of an hour, and `retry` after too many attempts.
   */
  signIn(
    method: "email",
    options: { readonly email: string } | { readonly code: string },
  ): Promise<void>;
  /**
   * Leaves the page for a provider of the service, such as `"github"`, and comes back to this address; it does not resolve
   * before. There, `connect()` finishes it: `status` then has the user, or a problem with the key `sign-in`: `denied`
   * where the user or the provider refused, `unauthenticated` where it took too long or was begun elsewhere.
   */
  signIn(provider: string): Promise<void>;
  /** The ways to sign in that the service has: `key`, `email`, and its providers' names. Throws as `signIn`. */
  signInMethods(): Promise<readonly string[]>;
  /**
   * `forget` also erases this browser's copy; it throws `unsaved` while the store lacks something, unless
   * `discardUnsaved` says that this may be lost.
   */
  signOut(options?: {
    readonly forget?: boolean | undefined;
    readonly discardUnsaved?: boolean | undefined;
  }): Promise<void>;
  /** The user's devices: every browser that has signed in. */
  readonly devices: Devices;
  /**
   * Resolves to a tar file: every document as JSON and for Automerge, the objects in the bucket, and what the service
   * keeps of the user. Throws as `devices.list`.
   */
  exportEverything(): Promise<Blob>;
  /**
   * Deletes all that the user has in the bucket and at the service, then this browser's copy, and signs out. `confirm` is
   * the user's namespace, from `status.user`: it throws `invalid-argument` for anything else, and otherwise as
   * `devices.list`. Every sign-in ends; what other devices hold stays there until they erase it.
   */
  deleteEverything(options: { readonly confirm: string }): Promise<void>;
  /**
   * Loads the page anew, with the newest worker there is: what to do when `status.update` is not "none". Before that,
   * everything made here is brought to the device's disk; where that fails it throws, with the reason's code, and the
   * page stays.
   */
  update(): Promise<void>;
  /** Ends this page's connection. The worker and the data stay. */
  close(): void;
}

/** A page that does not understand the worker gathers changes for so long before it hands them over. */
const gatherMs = 250;

/** Between attempts to hand over what the worker could not store. */
const handOverRetryMs = 5_000;

/**
 * Throws `worker-unavailable` where the browser has no service workers, or the script does not start;
 * `unreachable` or `unexpected-answer` where `automerge.wasm` cannot be had; `version-mismatch`.
 */
export async function connect(options: ConnectOptions = {}): Promise<Presync> {
  const wasm = new URL(options.wasm ?? __WASM__, import.meta.url);
  const finding =
    options.service === undefined ? discoverService() : Promise.resolve(options.service);
  const registering = registerWorker(options.worker ?? "/presync-sw.js", options.scope);
  // Mail programs open links in browsers that have none.
  registering.catch(() => finding.then(passOnCode)).catch(() => undefined);
  const [registration, service] = await Promise.all([registering, finding, loadWasm(wasm)]);

  const status = createSubscribable(startingStatus);
  let workerStatus: Status = startingStatus;
  /** Of the first worker there was, and of the present one. */
  let builds: { readonly first: string; readonly present: string } | null = null;
  /** Why no worker could be started, attempt after attempt. */
  let failure: Problem | null = null;
  let loaded: LoadedReport | null = null;
  let gathering: ReturnType<typeof setTimeout> | undefined;
  let session = createSession();
  const repos = createSubscribable(session.repo);
  const first = createDeferred();

  const link: WorkerLink = createWorkerLink({
    registration,
    build: __BUILD__,
    tab: crypto.randomUUID(),
    service,
    peerId: () => session.peerId,
    events: {
      connected(welcome) {
        const { user } = session;
        if (user !== null && user !== welcome.user && !welcome.absorbed.includes(user)) {
          exchangeSession(welcome);
          // The worker knows the old Repo by name; the new one introduces itself.
          return link.reconnect();
        }
        session.user = welcome.user;
        builds = { first: builds?.first ?? welcome.build, present: welcome.build };
        workerStatus = welcome.status;
        failure = null;
        sendContext();
        session.connected(welcome.peerId);
        presences.greet();
        holder.join(welcome.user);
        loaded?.repeat();
        refreshStatus();
        first.resolve();
      },
      disconnected() {
        session.disconnected();
        holder.leave();
        refreshStatus();
      },
      message: receive,
      failing(error) {
        setFailure(error.code);
        first.reject(error);
      },
      outdated() {
        failure = null;
        keepOutdated();
        refreshStatus();
        first.reject(new PresyncError("version-mismatch", "the page and the worker do not fit"));
      },
      waiting: () => session.tracker.unacknowledged > 0,
    },
  });
  const presences = createPresences((message) => link.send(message));
  const holder = createConnectionHolder({
    scope: registration.scope,
    peers: options.peers ?? true,
    tell: (event) => link.send({ type: "connection", event }),
  });
  const signingIn = createSignIn({ link, service, handOver, changed: refreshStatus });

  function createSession(): TabSession {
    return createTabSession((message) => link.send(message), {
      changed: refreshStatus,
      needed() {
        link.wake();
        keepOutdated();
      },
    });
  }

  /** Another user is current: the old one's edits go to the old one's database, and the Repo is left behind. */
  function exchangeSession({ user, status: said }: Welcome): void {
    void handOver().catch(() => undefined);
    link.abandon(new PresyncError("closed", "another user is current"));
    presences.abandon();
    session.close();
    session = createSession();
    // What is made in the new Repo is the new user's from the start, whether or not the next hello is answered.
    session.user = user;
    workerStatus = said;
    repos.set(session.repo);
  }

  /** Everything the worker has not acknowledged; resolves once it is on the device's disk, rejects if something is not. */
  async function handOver(): Promise<void> {
    const { user, tracker } = session;
    if (user === null) return;
    const { changes, unreadable } = tracker.outstanding();
    if (changes.length > 0) await link.handOver(user, changes);
    // Nobody tells a tab without a connection what becomes of it; the next welcome does.
    if (changes.length > 0 && !link.isConnected && workerStatus.bucket === "saved")
      workerStatus = { ...workerStatus, bucket: "saving" };
    tracker.handedOver(changes);
    if (unreadable > 0) throw new PresyncError("internal", "a document cannot be read");
  }

  /** The worker does not understand this page, but takes what it hands over. */
  function keepOutdated(delayMs: number = gatherMs): void {
    if (!link.isOutdated) return;
    gathering ??= setTimeout(() => {
      gathering = undefined;
      handOver().then(
        () => setFailure(null),
        (error: unknown) => {
          setFailure(toErrorData(error).code);
          keepOutdated(handOverRetryMs);
        },
      );
    }, delayMs);
  }

  function setFailure(code: ErrorCode | null): void {
    failure = code === null ? null : { code, since: failure?.since ?? Date.now() };
    refreshStatus();
  }

  function receive(message: WorkerToTab): void {
    switch (message.type) {
      case "sync":
        return session.receiveSync(message.message);
      case "changes":
        return session.receiveChanges(message);
      case "connection":
        return holder.perform(message.command);
      case "ack":
        return session.tracker.acknowledged(message.seq);
      case "gap":
        return session.tracker.workerHasOnly(message.documentId as never, message.heads);
      case "presence":
        return presences.receive(message);
      case "status":
        workerStatus = message.status;
        return refreshStatus();
      case "failed":
      case "mismatch":
      case "result":
      case "user-changed":
      case "welcome":
    }
  }

  function refreshStatus(): void {
    const { unacknowledged } = session.tracker;
    const update = link.isOutdated ? "required" : isReplaced() ? "available" : "none";
    const online = navigator.onLine;
    status.set(
      tabStatus(workerStatus, {
        unacknowledged,
        online,
        update,
        failure,
        signInProblem: signingIn.problem,
      }),
    );
  }

  /** Since this page was loaded the worker was exchanged for one that is not of the page's build. */
  function isReplaced(): boolean {
    return builds !== null && builds.present !== builds.first && builds.present !== __BUILD__;
  }

  function sendContext(): void {
    const visible = document.visibilityState === "visible";
    link.send({ type: "context", online: navigator.onLine, visible });
    refreshStatus();
  }

  const listeners = new AbortController();
  const { signal } = listeners;
  window.addEventListener("online", sendContext, { signal });
  window.addEventListener("offline", sendContext, { signal });
  window.addEventListener(
    "pagehide",
    () => {
      void handOver().catch(() => undefined);
      presences.leave();
      link.send({ type: "context", online: navigator.onLine, visible: false });
      holder.leave();
    },
    { signal },
  );
  // Back out of the back/forward cache, where the worker may have ended unnoticed.
  window.addEventListener("pageshow", ({ persisted }) => persisted && link.reconnect(), { signal });
  document.addEventListener(
    "visibilitychange",
    () => {
      if (document.visibilityState === "hidden") void handOver().catch(() => undefined);
      else {
        link.wake();
        presences.greet();
      }
      sendContext();
    },
    { signal },
  );

  try {
    await first.promise;
  } catch (error) {
    listeners.abort();
    holder.close();
    link.close();
    throw error;
  }
  loaded = reportLoaded(link, wasm, signal);
  void signingIn.finish();

  const presync: Presync = {
    get repo() {
      return session.repo;
    },
    repos: readOnly(repos),
    status: readOnly(status),
    async open<T extends object>(name: string, init: T) {
      const [url, birth] = await Promise.all([
        namedDocumentUrl(name),
        birthOf(init as Record<string, unknown>),
      ]);
      const documentId = url.slice("automerge:".length);
      for (;;) {
        const current = session;
        try {
          await link.call({ name: "open", documentId, birth });
          const handle = await Promise.race([current.repo.find<T>(url), current.left]);
          checkKinds(handle.doc(), init as Record<string, unknown>);
          return handle;
        } catch (error) {
          // Another user became current meanwhile: it is that one's document that is opened.
          if (session === current) throw error;
        }
      }
    },
    async peek<T extends object>(urls: readonly AutomergeUrl[]) {
      if (!urls.every(isValidAutomergeUrl))
        throw new PresyncError("invalid-argument", "not the URL of a document");
      const documentIds = urls.map((url) => parseAutomergeUrl(url).documentId);
      return (await knownCall(link, { name: "peek", documentIds })) as (T | null)[];
    },
    async saved(handle, where) {
      const current = session;
      if (!current.owns(handle)) throw new PresyncError("closed", "another user's document");
      const heads = decodeHeads(handle.heads());
      const { documentId } = handle;
      const name = where === "device" ? "stored" : "in-bucket";
      await Promise.race([link.call({ name, documentId, heads }), current.left]);
    },
    presence<State>(handle: Pick<DocHandle<unknown>, "documentId">) {
      if (!session.owns(handle)) throw new PresyncError("closed", "another user's document");
      return presences.open(handle.documentId) as Presence<State>;
    },
    newSecretKey: () => formatSecretKey(crypto.getRandomValues(new Uint8Array(secretKeyBytes))),
    signIn: (method: string, proof?: SignInOptions) => signingIn.signIn(method, proof),
    signInMethods: () => signingIn.methods(),
    async signOut({ forget = false, discardUnsaved = false } = {}) {
      await link.call({ name: "sign-out", forget, discardUnsaved });
    },
    ...createAccount(link),
    async update() {
      await seekNewer(registration, registration.active);
      await handOver();
      location.reload();
    },
    close() {
      void handOver().catch(() => undefined);
      clearTimeout(gathering);
      listeners.abort();
      presences.abandon();
      holder.close();
      link.close();
      session.close();
    },
  };
  return presync;
}
