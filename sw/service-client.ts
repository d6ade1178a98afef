/** The worker as a client of the service. Tokens go into headers and nowhere else. */
import type { ErrorCode } from "../shared/errors.ts";
import { PresyncError } from "../shared/errors.ts";
import type { Grant, GrantRequest } from "../shared/grants.ts";
import { parseGrant } from "../shared/grants.ts";
import { parseNamespace } from "../shared/keys.ts";
import { inService } from "../shared/service-address.ts";
import type {
  EmailSignInRequest,
  KeyChallengeAnswer,
  KeyChallengeRequest,
  KeyVerifyRequest,
  RedeemRequest,
  RefusalAnswer,
  SessionAnswer,
} from "../shared/sign-in.ts";
import { keySignInText } from "../shared/sign-in.ts";
import type { KeyIdentity } from "./key-identity.ts";
import type { Session } from "./registry.ts";

/** A service that has not begun to answer by then is taken for down; what needs it is tried again. */
const answerMsMax = 20_000;

const codesByStatus: Readonly<Record<number, ErrorCode>> = {
  400: "invalid-argument",
  401: "unauthenticated",
  403: "denied",
  429: "retry",
  500: "retry",
  502: "retry",
  503: "retry",
  504: "retry",
};

/** What no status tells by itself. */
const namedCodes: ReadonlySet<unknown> = new Set<ErrorCode>(["quota", "retired", "unsaved"]);

export interface ServiceClient {
  signInWithKey(identity: KeyIdentity): Promise<Session>;
  /** Where to send the browser to sign in, for whoever can show the verifier's hash. */
  startAddress(provider: string, challenge: string, returnTo: string): string;
  /** Throws `invalid-argument` for what is no address. */
  askForMail(asked: EmailSignInRequest): Promise<void>;
  /** Exchanges a one-time code; throws `unauthenticated` for one that is over, or not for this verifier. */
  redeem(code: string, verifier: string): Promise<Session>;
  /** The next session of the same sign-in; throws as `grant`. */
  refresh(session: Session): Promise<Session>;
  /** Ends the sign-in for every holder of one of its sessions. */
  revoke(session: Session): Promise<void>;
  /**
   * Throws `unauthenticated` where the session is over, `denied` where the replica is not this user's, `retired` where it
   * was.
   */
  grant(session: Session, request: GrantRequest): Promise<Grant>;
  /**
   * What the service goes on saying, from where an earlier stream ended; null where the service has no such thing. It
   * lasts until `signal` is aborted.
   */
  stream(
    session: Session,
    path: string,
    options: { readonly after: string | null; readonly signal: AbortSignal },
  ): Promise<ReadableStream<Uint8Array> | null>;
  /** Anything else that a user may ask; without a body it is only a look. Null where the answer has none. */
  ask(session: Session, path: string, body?: object): Promise<unknown>;
}

type AskInit = Omit<RequestInit, "headers"> & { readonly headers: Record<string, string> };

export function createServiceClient(service: string): ServiceClient {
  const base = serviceBase(service);

  const ask = async (path: string, init: AskInit, session?: Session): Promise<Response> => {
    try {
      return await fetch(new URL(path, base), {
        ...init,
        headers: {
          ...init.headers,
          ...(session === undefined ? {} : { authorization: `Bearer ${session.token}` }),
        },
        credentials: "omit",
        redirect: "error",
      });
    } catch (cause) {
      throw new PresyncError("unreachable", "the service did not answer", { cause });
    }
  };

  const send = async (path: string, body: unknown, session?: Session): Promise<Response> => {
    const init: AskInit = {
      method: body === undefined ? "GET" : "POST",
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerMsMax),
    };
    return accepted(await ask(path, init, session));
  };

  const post = async (path: string, body: unknown, session?: Session): Promise<unknown> => {
    const response = await send(path, body, session);
    if (response.status === 204) return null;
    try {
      return await response.json();
    } catch (cause) {
      throw new PresyncError("unexpected-answer", "the service's answer is not JSON", { cause });
    }
  };

  return {
    async signInWithKey(identity) {
      const { publicKey } = identity;
      const asked: KeyChallengeRequest = { publicKey };
      const { challenge } = (await post("v1/auth/key/challenge", asked)) as KeyChallengeAnswer;
      const signature = await identity.sign(keySignInText(base.origin, challenge));
      const proof: KeyVerifyRequest = { publicKey, challenge, signature };
      return sessionOf(await post("v1/auth/key/verify", proof));
    },
    startAddress(provider, challenge, returnTo) {
      const address = new URL(`v1/auth/${encodeURIComponent(provider)}/start`, base);
      address.searchParams.set("challenge", challenge);
      address.searchParams.set("return", returnTo);
      return address.href;
    },
    async askForMail(asked) {
      await (await send("v1/auth/email", asked)).body?.cancel();
    },
    async redeem(code, verifier) {
      const asked: RedeemRequest = { code, verifier };
      return sessionOf(await post("v1/auth/redeem", asked));
    },
    async refresh(session) {
      const next = sessionOf(await post("v1/auth/refresh", {}, session));
      if (next.namespace !== session.namespace)
        throw new PresyncError("unexpected-answer", "the session is another user's");
      return next;
    },
    async revoke(session) {
      await (await send("v1/auth/revoke", {}, session)).body?.cancel();
    },
    async grant(session, request) {
      const grant = parseGrant(await post("v1/grants", request, session));
      if (grant.namespace !== session.namespace)
        throw new PresyncError("unexpected-answer", "the grant is for another user");
      return grant;
    },
    async stream(session, path, { after, signal }) {
      const headers: Record<string, string> = after === null ? {} : { "last-event-id": after };
      const response = await ask(path, { headers, signal, cache: "no-store" }, session);
      if (response.status !== 404) return (await accepted(response)).body;
      if ((await refusalOf(response)) !== null) return null;
      // A proxy says so while it has nobody to pass it on to.
      throw new PresyncError("unreachable", "a 404 that is not the service's");
    },
    ask: (session, path, body) => post(path, body, session),
  };
}

/** Throws for what is a refusal. */
async function accepted(response: Response): Promise<Response> {
  if (!response.ok) {
    const { code, message } = (await refusalOf(response)) ?? {};
    if (namedCodes.has(code)) throw new PresyncError(code as ErrorCode, String(message));
    // A session is over when the service says so, and not something in front of it.
    if (response.status === 401 && code !== "unauthenticated")
      throw new PresyncError("unexpected-answer", "a 401 that is not the service's");
    throw new PresyncError(
      codesByStatus[response.status] ?? "unexpected-answer",
      `the service answered ${response.status}`,
    );
  }
  return response;
}

/** Null where it is not the service that refuses, but something in front of it. */
async function refusalOf(response: Response): Promise<RefusalAnswer["error"] | null> {
  const answer = (await response.json().catch(() => null)) as Partial<RefusalAnswer> | null;
  return typeof answer?.error?.code === "string" ? answer.error : null;
}

function sessionOf(answer: unknown): Session {
  const { session, namespace, expiresAt, refreshAfterMs } = answer as Partial<SessionAnswer>;
  if (
    typeof session !== "string" ||
    typeof expiresAt !== "number" ||
    typeof refreshAfterMs !== "number"
  )
    throw new PresyncError("unexpected-answer", "the service's answer is no session");
  return {
    token: session,
    namespace: parseNamespace(namespace),
    expiresAt,
    receivedAt: Date.now(),
    refreshAfterMs,
  };
}

function serviceBase(service: string): URL {
  try {
    const url = new URL(inService(service, "."));
    if (url.protocol === "https:" || url.protocol === "http:") return url;
  } catch {
    // Falls through to the error.
  }
  throw new PresyncError("invalid-argument", "the service's address is not an http(s) URL");
}
