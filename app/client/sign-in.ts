/** Signing in, as the page takes part in it: with a key, a mailed link, or at a provider to which the browser is sent. */
import type { ErrorCode } from "../../shared/errors.ts";
import { PresyncError, toErrorData } from "../../shared/errors.ts";
import { parseSecretKey } from "../../shared/secret-key.ts";
import { inService } from "../../shared/service-address.ts";
import type { SignInMethods } from "../../shared/sign-in.ts";
import { codePagePath, readReturn, returnLettersMax } from "../../shared/sign-in.ts";
import type { Problem } from "../../shared/status.ts";
import { readTypedCode } from "../../shared/typed-code.ts";
import type { WorkerLink } from "./worker-link.ts";

export interface SignInOptions {
  readonly secretKey?: string | undefined;
  readonly email?: string | undefined;
  readonly code?: string | undefined;
}

export interface SignIn {
  /** Why the last sign-in at a provider came to nothing. */
  readonly problem: Problem | null;
  /** The ways the service has; throws `no-service`, `unreachable` or `unexpected-answer`. */
  methods(): Promise<readonly string[]>;
  signIn(method: string, options?: SignInOptions): Promise<void>;
  /** Where this page is what a provider has sent the browser back to: never rejects. */
  finish(): Promise<void>;
}

export interface SignInParts {
  readonly link: Pick<WorkerLink, "call">;
  /** Where the service is. */
  readonly service: string | null;
  /** Brings everything to the device's disk. */
  readonly handOver: () => Promise<void>;
  /** `problem` has changed. */
  readonly changed: () => void;
}

const answerMsMax = 20_000;

/** A service that takes longer to answer is as good as down. */
const leavingMsMax = 30_000;

/** What a provider or the service may have refused it for. */
const returnedCodes: ReadonlySet<string> = new Set<ErrorCode>([
  "denied",
  "retry",
  "unauthenticated",
  "internal",
]);

export function createSignIn({ link, service, handOver, changed }: SignInParts): SignIn {
  let problem: Problem | null = null;

  const setProblem = (next: Problem | null): void => {
    problem = next;
    changed();
  };

  const methods = async (): Promise<readonly string[]> => {
    if (service === null) throw new PresyncError("no-service", "connect() was given no service");
    return askMethods(service);
  };

  const signInWithKey = async (secretKey: string | undefined): Promise<void> => {
    if (typeof secretKey !== "string")
      throw new PresyncError("invalid-argument", 'signIn("key") needs a { secretKey }');
    // Here already, so that a typing error needs no worker to be found.
    parseSecretKey(secretKey);
    await link.call({ name: "sign-in-key", secretKey });
    // From now on there is something to lose.
    askToPersist();
  };

  const signInWithMail = async ({ email, code }: SignInOptions): Promise<void> => {
    if (code !== undefined) {
      const typed = readTypedCode(code);
      if (typed === null)
        throw new PresyncError("invalid-argument", "a code has eight letters and digits");
      await link.call({ name: "finish-sign-in", code: typed });
      return askToPersist();
    }
    if (typeof email !== "string")
      throw new PresyncError(
        "invalid-argument",
        'signIn("email") needs an { email } or a { code }',
      );
    const request = crypto.randomUUID();
    await link.call({ name: "ask-for-mail", email, returnTo: returnAddress(), request });
  };

  /** The page ends here, unless something is wrong or the user comes back without having signed in. */
  const leaveFor = async (provider: string): Promise<void> => {
    // A browser that is sent to a service that is down would show nothing of the app any more.
    if (!(await methods()).includes(provider))
      throw new PresyncError("invalid-argument", "the service has no such way to sign in");
    const returnTo = returnAddress();
    const address = await link.call({ name: "begin-sign-in", provider, returnTo });
    await handOver();
    if (typeof address !== "string") throw new PresyncError("internal", "nowhere to go");
    location.assign(address);
    await untilShownAgain();
    throw new PresyncError("denied", "the sign-in was left");
  };

  return {
    get problem() {
      return problem;
    },
    methods,
    signIn(method, options) {
      setProblem(null);
      if (method === "key") return signInWithKey(options?.secretKey);
      return method === "email" ? signInWithMail(options ?? {}) : leaveFor(method);
    },
    async finish() {
      const back = takeReturn();
      if (back === null) return;
      try {
        if (back.kind === "error") throw new PresyncError(back.code, "the sign-in was refused");
        await link.call({ name: "finish-sign-in", code: back.code });
        askToPersist();
      } catch (error) {
        const { code } = toErrorData(error);
        if (code === "unauthenticated" && passOn(back, service)) return;
        setProblem({ code, since: Date.now(), key: "sign-in" });
      }
    },
  };
}

type Return =
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "error"; readonly code: ErrorCode };

/**
 * Where nobody can sign in on this page at all: should it be what a mailed link leads to, the code is shown, to be typed
 * where somebody has asked.
 */
export function passOnCode(service: string | null): void {
  const back = takeReturn();
  if (back !== null) passOn(back, service);
}

/** A link that was opened elsewhere than where it was asked for. */
function passOn(back: Return, service: string | null): boolean {
  const typed = back.kind === "code" ? readTypedCode(back.code) : null;
  if (typed === null || service === null) return false;
  location.replace(inService(service, codePagePath(typed)));
  return true;
}

/** What a sign-in has added to the page's address, which then has it no more; null where this is no return. */
function takeReturn(): Return | null {
  const back = readReturn(location.hash);
  if (back === null) return null;
  const { kind, value, rest } = back;
  // Neither a bookmark nor the history is to hold it.
  history.replaceState(history.state, "", location.pathname + location.search + rest);
  if (kind === "code") return { kind, code: value };
  return { kind, code: returnedCodes.has(value) ? (value as ErrorCode) : "unexpected-answer" };
}

/** This page; of an address that holds a whole document in its fragment, as much as there is room for. */
function returnAddress(): string {
  const { href, origin, pathname, search } = location;
  const candidates = [href, origin + pathname + search, origin + pathname, `${origin}/`];
  return candidates.find(({ length }) => length <= returnLettersMax) ?? `${origin}/`;
}

async function askMethods(service: string): Promise<readonly string[]> {
  let response: Response;
  try {
    const address = inService(service, "v1/auth");
    response = await fetch(address, { signal: AbortSignal.timeout(answerMsMax) });
  } catch (cause) {
    throw new PresyncError("unreachable", "the service did not answer", { cause });
  }
  const answer = (await response.json().catch(() => null)) as Partial<SignInMethods> | null;
  const found = answer?.methods;
  if (Array.isArray(found) && found.every((method) => typeof method === "string")) return found;
  throw new PresyncError("unexpected-answer", "the service does not say how to sign in");
}

/** Resolves when the page turns out not to be left, or is back out of the back/forward cache. */
function untilShownAgain(): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const end = (): void => {
      over.abort();
      clearTimeout(timer);
      resolve();
    };
    // Whoever presses Stop stays where he is, and no event says so.
    const timer = setTimeout(end, leavingMsMax);
    window.addEventListener("pageshow", ({ persisted }) => persisted && end(), {
      signal: over.signal,
    });
  });
}

/**
 * Some browsers decide by themselves, and Firefox asks the user, who may never answer: nobody waits for it. WebKitGTK
 * has no storage manager.
 */
function askToPersist(): void {
  const { storage } = navigator as { readonly storage?: StorageManager };
  storage?.persist().catch(() => false);
}
