/**
 * The users of one browser: one Repo and one database for each, signed out being a user too. Exactly one is
 * current. Signing in merges what was made signed out into the user's database and erases it there; signing out
 * switches databases. What belongs to one user is neither shown nor uploaded for another.
 */
import type { Deferred } from "../shared/deferred.ts";
import { createDeferred } from "../shared/deferred.ts";
import { PresyncError, toErrorData } from "../shared/errors.ts";
import type { Grant } from "../shared/grants.ts";
import type { ReplicaId } from "../shared/keys.ts";
import type { Changes, UserId } from "../shared/wire.ts";
import { pause } from "./pause.ts";
import type { Databases } from "./databases.ts";
import type { LifeEvent, LifeState } from "./life-machine.ts";
import { nextLife } from "./life-machine.ts";
import { deriveKeyIdentity } from "./key-identity.ts";
import { challengeOf, newVerifier } from "./sign-in-verifier.ts";
import { mergeUsers } from "./merge-users.ts";
import type { BegunSignIn } from "./begun-sign-ins.ts";
import { begunAt, changingBegun, withBegun } from "./begun-sign-ins.ts";
import type { Registry, RegistryState, Session, UserRecord } from "./registry.ts";
import { absorbing, currentUser, erasingUser, signedOutUser, withUser } from "./registry.ts";
import { createServiceClient } from "./service-client.ts";
import type { UserSession } from "./user-session.ts";
import { openUserSession } from "./user-session.ts";

/** What is unsent when somebody signs out gets this long to leave. */
const farewellMs = 5_000;

/** Between attempts to get another replica id from a service that is down. */
const newReplicaPauseMs = 30_000;

export interface SignOutOptions {
  readonly forget: boolean;
  readonly discardUnsaved: boolean;
}

export interface AskForMail {
  readonly email: string;
  readonly returnTo: string;
  /** Names what is asked for, so that a repeated call is known. */
  readonly request: string;
}

export interface Users {
  /** The current user's session; waits while one user is being exchanged for another. */
  current(): Promise<UserSession>;
  /** The current user's session, or null while there is none. */
  peek(): UserSession | null;
  /** Once this or `signOut` has ended, whoever had the session before must connect anew. */
  signInWithKey(secretKey: string, service: string): Promise<void>;
  /** Resolves to the address to send the browser to; it comes back to `returnTo`, with a code. */
  beginSignIn(provider: string, returnTo: string, service: string): Promise<string>;
  /** As `signInWithKey`, with the code that has come back. */
  finishSignIn(code: string, service: string): Promise<void>;
  /** Resolves once the mail is on its way. */
  askForMail(asked: AskForMail, service: string): Promise<void>;
  signOut(options: SignOutOptions): Promise<void>;
  /**
   * Deletes everything of the current user in the bucket and at the service, and then this browser's copy; `confirm` is
   * the user's namespace. Resolves to true.
   */
  deleteEverything(confirm: string): Promise<true>;
  /** Changes that belong to a user who is no longer current: they go into that user's database. */
  stash(user: UserId, changes: readonly Changes[]): Promise<void>;
}

export interface UsersParts {
  readonly databases: Databases;
  readonly registry: Registry;
  readonly changed: () => void;
  /** Nobody asked for it, but every tab must connect anew: there is another session, or another worker. */
  readonly userChanged: () => void;
  /** Runs what nobody waits for; what it throws is logged. */
  readonly background: (work: Promise<unknown>) => void;
}

export function openUsers(parts: UsersParts): Users {
  const { databases, registry } = parts;
  let life: LifeState = "idle";
  /** There is one while serving, and only then. */
  let session: UserSession | null = null;
  /** For whoever asks while there is none. */
  let awaited = createAwaited();
  /** The newest change of user: each waits for the one before. */
  let turn: Promise<unknown> = Promise.resolve();
  /** Handed-over changes that build on others which have not come yet. */
  const left = new Map<UserId, readonly Changes[]>();

  const exclusively = <T>(action: () => Promise<T>): Promise<T> => {
    const result = turn.then(action, action);
    turn = result.catch(() => undefined);
    return result;
  };

  /** False where the event changes nothing. */
  const advance = (event: LifeEvent): boolean => {
    const next = nextLife(life, event);
    life = next ?? life;
    return next !== null;
  };

  /** The session there is, or the current user's, opened within the turn. */
  const openCurrent = async (): Promise<UserSession> => {
    if (session !== null) return session;
    advance("visit");
    try {
      session = await openSession(currentUser(await registry.read()));
    } catch (error) {
      advance("failed");
      // What failed may work by now: the next one to ask makes another attempt.
      awaited.reject(error);
      awaited = createAwaited();
      throw error;
    }
    advance("opened");
    awaited.resolve(session);
    parts.changed();
    return session;
  };

  const openSession = async (user: UserRecord): Promise<UserSession> => {
    let isSuperseded = false;
    const next = await openUserSession({
      databases,
      registry,
      user,
      changed: parts.changed,
      superseded() {
        isSuperseded = true;
        parts.background(leaveSuperseded(user.id));
      },
      cloned(id) {
        const taken = insistOnNewReplica(id);
        parts.background(taken);
        return taken.catch(() => undefined);
      },
    });
    if (!isSuperseded) return next;
    await next.close();
    throw new PresyncError("superseded", "a later incarnation has taken over");
  };

  /** Ends the session, makes `change` true on disk, and opens whoever is current then. */
  const exchange = async (
    change: (state: RegistryState) => RegistryState,
    between: () => Promise<void> = async () => {},
  ): Promise<void> => {
    const previous = session;
    session = null;
    advance("exchange");
    // Who waits already goes on waiting.
    if (previous !== null) awaited = createAwaited();
    try {
      if (previous !== null) {
        await settle(previous);
        await previous.close();
      }
      await registry.change(change);
      await between();
    } finally {
      // Whatever failed, somebody must be current: who the registry says.
      await openCurrent();
    }
  };

  /** Merges what was claimed, and begins to erase what is to go; both may be repeated. */
  const finishClaims = async (): Promise<void> => {
    const { users } = await registry.read();
    for (const { id, claimedBy } of Object.values(users)) {
      if (claimedBy === null) continue;
      await mergeUsers(databases, id, claimedBy);
      await registry.change((state) => erasingUser(state, id));
    }
    parts.background(erase());
  };

  const erase = async (): Promise<void> => {
    const { erasing } = await registry.read();
    for (const id of erasing) {
      await databases.erase(id);
      await registry.change((state) => ({
        ...state,
        erasing: state.erasing.filter((other) => other !== id),
      }));
    }
  };

  /** Another worker has taken over. Should a tab say hello to this one all the same, it begins anew. */
  const leaveSuperseded = async (id: UserId): Promise<void> => {
    if (session?.user.id !== id) return;
    const former = session;
    session = null;
    advance("superseded");
    awaited = createAwaited();
    parts.userChanged();
    await former.close();
  };

  /** Until it has one, nothing is written to the bucket: the attempts go on while the worker lives. */
  const insistOnNewReplica = async (id: UserId): Promise<void> => {
    try {
      await exclusively(() => takeNewReplica(id));
      parts.userChanged();
    } catch (error) {
      if (toErrorData(error).code === "unauthenticated") throw error;
      await pause(newReplicaPauseMs);
      return insistOnNewReplica(id);
    }
  };

  const takeNewReplica = async (id: UserId): Promise<void> => {
    const user = currentUser(await registry.read());
    if (user.id !== id || user.session === null || user.service === null) return;
    const grant = await requestGrant(user.service, user.session, null);
    await exchange((state) => {
      const found = state.users[id];
      if (found === undefined) return state;
      return withUser(state, { ...found, grant, replica: grant.replica });
    });
  };

  const signIn = async (service: string, signedIn: Session, proof: string): Promise<void> => {
    const state = await registry.read();
    const previous = currentUser(state);
    const id: UserId = signedIn.namespace;
    const known = state.users[id];
    const grant = await requestGrant(service, signedIn, known?.replica ?? null);
    const { namespace } = signedIn;
    // Who was forgotten here before begins with an empty database.
    await erase();
    await exchange((found) => {
      const base = found.users[id] ?? { ...signedOutUser(), id };
      const user = {
        ...base,
        namespace,
        service,
        session: signedIn,
        proof,
        grant,
        replica: grant.replica,
        // Said of the sign-in that was there before.
        isEnding: false,
      };
      if (previous.id === id) return { ...withUser(found, user), current: id };
      if (previous.namespace !== null)
        return { ...withUser(withUser(found, signedOff(previous)), user), current: id };
      const claimed = withUser(found, { ...previous, claimedBy: id });
      return { ...withUser(claimed, absorbing(user, previous.id)), current: id };
    }, finishClaims);
    parts.background(revoke(previous));
  };

  /** With the verifier of that sign-in which the code is for. */
  const redeem = async (
    code: string,
    service: string,
    begun: readonly BegunSignIn[],
  ): Promise<Session> => {
    const done = begun.find(({ redeemed }) => redeemed?.code === code)?.redeemed;
    if (done !== undefined) return done.session;
    const isRepeated = begun.some(({ tried }) => tried === code);
    await registry.change((state) =>
      changingBegun(state, begun, (each) => ({ ...each, tried: code })),
    );
    for (const each of begun) {
      try {
        const signedIn = await createServiceClient(service).redeem(code, each.verifier);
        const redeemed = { code, session: signedIn };
        await registry.change((state) =>
          changingBegun(state, [each], (found) => ({ ...found, redeemed })),
        );
        return signedIn;
      } catch (error) {
        if (toErrorData(error).code !== "unauthenticated") throw error;
      }
    }
    await registry.change((state) =>
      changingBegun(state, begun, (each) => ({ ...each, tried: undefined })),
    );
    if (isRepeated)
      throw new PresyncError("outcome-unknown", "the code was sent before, and no answer came");
    throw new PresyncError("unauthenticated", "this browser has not begun this sign-in");
  };

  /** Who signed in meanwhile, in a worker that has taken over, stays; the copy of who asked goes all the same. */
  const eraseUnlessCurrent = async (id: UserId): Promise<void> => {
    await registry.change((state) => (state.current === id ? state : erasingUser(state, id)));
    await erase();
  };

  /** Returns who it was; null where nobody was signed in, or `expected` is not who is. */
  const leave = async (
    { forget, discardUnsaved }: SignOutOptions,
    expected?: UserId,
    more: Pick<RegistryState, "deleted"> = {},
  ): Promise<UserRecord | null> => {
    const leaving = await openCurrent();
    const { id, namespace } = leaving.user;
    if (namespace === null || (expected !== undefined && id !== expected)) return null;
    const former = currentUser(await registry.read());
    await settle(leaving);
    if (forget && !discardUnsaved && leaving.engine.status().pending.documents > 0)
      throw new PresyncError("unsaved", "some work is not in the store yet");
    const next = signedOutUser();
    await exchange((state) => {
      // A later worker has taken over, and somebody else has signed in there.
      if (state.current !== id) return state;
      const found = state.users[id];
      const rest =
        forget || found === undefined ? erasingUser(state, id) : withUser(state, signedOff(found));
      return { ...withUser(rest, next), ...more, current: next.id };
    });
    if (forget) await erase();
    return former;
  };

  const start = async (): Promise<UserSession> => {
    try {
      await finishClaims();
    } catch (error) {
      // A full disk, perhaps. What was claimed stays where it is, and the user can work.
      parts.background(Promise.reject(error));
    }
    return openCurrent();
  };

  return {
    current() {
      if (session !== null) return Promise.resolve(session);
      // Whoever waits hears of a failure.
      if (advance("visit")) exclusively(start).catch(() => undefined);
      return awaited.promise;
    },
    peek: () => session,
    signInWithKey: (secretKey, service) =>
      exclusively(async () => {
        const identity = await deriveKeyIdentity(secretKey);
        // A tab asks again where the worker ended before it had answered.
        const present = await openCurrent();
        const { user } = present;
        const isSame = user.proof === identity.publicKey && user.service === service;
        if (isSame && present.status().auth === "valid") return;
        const signedIn = await createServiceClient(service).signInWithKey(identity);
        await signIn(service, signedIn, identity.publicKey);
      }),
    async beginSignIn(provider, returnTo, service) {
      const verifier = newVerifier();
      await registry.change((state) => withBegun(state, { service, verifier }));
      const challenge = await challengeOf(verifier);
      return createServiceClient(service).startAddress(provider, challenge, returnTo);
    },
    async askForMail({ email, returnTo, request }, service) {
      const fresh = { service, verifier: newVerifier(), request };
      const isAsked = (each: BegunSignIn): boolean => each.request === request;
      // A tab asks again where the worker ended before it had answered: the mail may be on its way.
      const state = await registry.change((found) =>
        begunAt(found, service).some(isAsked) ? found : withBegun(found, fresh),
      );
      const { verifier } = begunAt(state, service).find(isAsked) ?? fresh;
      const challenge = await challengeOf(verifier);
      await createServiceClient(service).askForMail({ email, challenge, return: returnTo });
    },
    finishSignIn: (code, service) =>
      exclusively(async () => {
        // A tab asks again, as with a key; but a code is used up, whatever has become of the grant since.
        if ((await openCurrent()).user.proof === code) return;
        const begun = begunAt(await registry.read(), service);
        await signIn(service, await redeem(code, service, begun), code);
        await registry.change((state) => changingBegun(state, begun, () => null));
      }),
    async signOut(options) {
      const former = await exclusively(() => leave(options));
      // Nobody else waits for a service that may not answer.
      if (former !== null) await revoke(former);
    },
    deleteEverything: (confirm) =>
      exclusively(async () => {
        const present = await openCurrent();
        const { id, namespace } = present.user;
        const { users, deleted } = await registry.read();
        // A tab asks again where the worker ended before it had answered.
        if (namespace === null && deleted === confirm) return true as const;
        if (namespace === null) throw new PresyncError("unauthenticated", "nobody is signed in");
        if (confirm !== namespace)
          throw new PresyncError("invalid-argument", "confirm is not this user's namespace");
        const finishing = {
          isBegun: users[id]?.isEnding === true,
          async begin() {
            await registry.change((state) => {
              const found = state.users[id];
              return found === undefined ? state : withUser(state, { ...found, isEnding: true });
            });
          },
        };
        await present.withoutBucket(() => present.account.deleteEverything(confirm, finishing));
        // Its session is over: there is nothing to revoke.
        await leave({ forget: true, discardUnsaved: true }, id, { deleted: id });
        await eraseUnlessCurrent(id);
        return true as const;
      }),
    stash: (user, changes) =>
      exclusively(async () => {
        const { users, current } = await registry.read();
        const owner = users[user]?.claimedBy ?? heirOf(users, user) ?? user;
        const record = users[owner];
        // Erased on purpose: then this is, too.
        if (record === undefined) return;
        const fresh = new Set(changes.map(nameOf));
        const older = (left.get(owner) ?? []).filter((change) => !fresh.has(nameOf(change)));
        const all = [...older, ...changes];
        const store = async (target: UserSession): Promise<void> => {
          // A disk that hangs must not keep everybody from signing in and out.
          const rest = await Promise.race([target.applyAll(all), pause(farewellMs)]);
          left.set(owner, rest ?? all);
          if (changes.some((change) => rest?.includes(change) ?? true))
            throw new PresyncError("unsaved", "not all of it is on disk yet");
        };
        if (owner === current) return store(await openCurrent());
        // Another user's Repo is opened for a moment, without any network.
        const target = await openUserSession({
          databases,
          registry,
          user: signedOff(record),
          changed() {},
          superseded() {},
          async cloned() {},
        });
        try {
          await store(target);
        } finally {
          await target.close();
        }
      }),
  };
}

function nameOf({ documentId, heads }: Changes): string {
  return [documentId, ...heads].join(" ");
}

function createAwaited(): Deferred<UserSession> {
  const awaited = createDeferred<UserSession>();
  // Nobody may be waiting when it fails.
  awaited.promise.catch(() => undefined);
  return awaited;
}

/** Best effort: whoever signs out may be offline, and has erased the session here in any case. */
async function revoke({ service, session: over }: UserRecord): Promise<void> {
  if (service === null || over === null) return;
  const revoking = createServiceClient(service).revoke(over);
  await Promise.race([revoking.catch(() => undefined), pause(farewellMs)]);
}

/** Continues as `replica` where the service still knows it; else it gives another id. */
async function requestGrant(
  service: string,
  session: Session,
  replica: ReplicaId | null,
): Promise<Grant> {
  const client = createServiceClient(service);
  if (replica === null) return client.grant(session, { kind: "browser" });
  try {
    return await client.grant(session, { kind: "browser", replica });
  } catch (error) {
    const { code } = toErrorData(error);
    if (code !== "denied" && code !== "retired") throw error;
    return client.grant(session, { kind: "browser" });
  }
}

/** The documents stay, and so does the replica's id; what lets in and out goes. */
function signedOff(user: UserRecord): UserRecord {
  return { ...user, session: null, grant: null };
}

/** Who has taken over the data of a user that is gone. */
function heirOf(users: RegistryState["users"], gone: UserId): UserId | undefined {
  return Object.values(users).find(({ absorbed }) => absorbed.includes(gone))?.id;
}

/** Stores everything, and sends what is unsent; but a disk or a store that hangs does not hold anybody back. */
async function settle(leaving: UserSession): Promise<void> {
  const { repo } = leaving.engine;
  const finish = async (): Promise<void> => {
    const ready = Object.values(repo.handles).filter((handle) => handle.isReady());
    await repo.flush(ready.map((handle) => handle.documentId));
    await leaving.engine.flush();
  };
  await Promise.race([finish(), pause(farewellMs)]);
}
