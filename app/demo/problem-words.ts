/** What presync's error codes mean, in plain words. */
import type { ErrorCode } from "presync";

/** A problem that stands in the status. */
export const problemWords: Readonly<Record<ErrorCode, string>> = {
  malformed: "Something in the cloud is damaged and was set aside.",
  "unsupported-version": "Another device runs a newer version; reload to read what it wrote.",
  "too-large": "Something is too large to be stored in the cloud.",
  "invalid-argument": "The app asked for something impossible.",
  unreachable: "The cloud does not answer.",
  "outcome-unknown": "The connection broke off while saving; it will be tried again.",
  expired: "The permission to use the cloud has run out.",
  denied: "The cloud refuses this device.",
  retry: "The cloud is busy; it will be tried again.",
  conflict: "Two writers met in one place; it will be tried again.",
  quota:
    "Your part of the cloud is full. Everything is kept on this device, and nothing new is sent.",
  retired: "This device was retired by you, on another one.",
  "unexpected-answer": "The cloud gave an answer that makes no sense.",
  "no-service": "This page does not know a sync service, so nobody can sign in.",
  unauthenticated: "The sign-in has ended.",
  unsaved: "Some changes are not in the cloud yet.",
  "disk-full": "This device's disk is full, or the browser gives this site no more room.",
  "disk-failed": "This browser's storage fails.",
  superseded: "A newer worker has taken over; reload the page.",
  "clock-drift": "The clock of this device and that of another are minutes apart.",
  "version-mismatch": "This page is of another version than its worker; reload it.",
  "worker-unavailable": "The worker behind this page does not start.",
  closed: "The connection to the worker was closed.",
  internal: "Something is broken in the app itself.",
};

export function codeOf(error: unknown): ErrorCode {
  // Any error may come out of a call; presync's own carry a code.
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && Object.hasOwn(problemWords, code)
    ? (code as ErrorCode)
    : "internal";
}

/** Why signing in did not work. */
export function signInWords(code: ErrorCode): string {
  return signInFailures[code] ?? `Signing in did not work. ${problemWords[code]} (${code})`;
}

/** Why signing in at a provider, such as GitHub, did not work. */
export function providerWords(code: ErrorCode): string {
  return providerFailures[code] ?? signInWords(code);
}

/** Why no mail was sent. */
export function mailWords(code: ErrorCode): string {
  return mailFailures[code] ?? signInWords(code);
}

/** Why a code from a mail did not sign in. */
export function typedCodeWords(code: ErrorCode): string {
  return typedCodeFailures[code] ?? signInWords(code);
}

const noService =
  "The sign-in service does not answer. Once you are online, try again; your list is safe on this device.";
const noKey = "The service does not accept this key.";

const signInFailures: Partial<Record<ErrorCode, string>> = {
  "invalid-argument":
    "This key is not whole, or has a typing error in it. Please compare it with your copy.",
  unreachable: noService,
  retry: noService,
  "outcome-unknown": noService,
  "no-service": "This page does not know a sync service, so nobody can sign in.",
  unauthenticated: noKey,
  denied: noKey,
};

const providerFailures: Partial<Record<ErrorCode, string>> = {
  denied: "The sign-in was cancelled, or refused. You can begin again at any time.",
  unauthenticated:
    "The sign-in took too long, or was begun in another browser. Please begin again.",
  "invalid-argument": "The sign-in service does not offer this any more.",
};

const mailFailures: Partial<Record<ErrorCode, string>> = {
  "invalid-argument": "This is not an email address that mail could be sent to.",
  retry: "No mail can be sent to this address at the moment. Please try again later.",
  denied: "The sign-in service does not send mails.",
};

const typedCodeFailures: Partial<Record<ErrorCode, string>> = {
  "invalid-argument": "A code has eight letters and digits, such as K7QF-2M9X.",
  unauthenticated:
    "This code does not fit, or is more than a quarter of an hour old. Please compare it, or ask for another mail.",
  retry: "The sign-in service is busy, or there were too many attempts. Please try again later.",
};

/** Why something about the devices did not work. */
export function devicesWords(code: ErrorCode): string {
  return devicesFailures[code] ?? `This did not work. ${problemWords[code]} (${code})`;
}

const devicesFailures: Partial<Record<ErrorCode, string>> = {
  unreachable: "The service does not answer. Once you are online, try again.",
  retry: "The service is busy. Please try again in a moment.",
  "invalid-argument": "This is not possible: a name has at most 64 characters, on one line.",
  denied: "This device is not there any more.",
};

export interface StartFailure {
  readonly title: string;
  readonly words: string;
}

/** Why there is no list at all. */
export function startFailureWords(code: ErrorCode): StartFailure {
  return (
    startFailures[code] ?? {
      title: "The list could not be opened",
      words: `${problemWords[code]} (${code})`,
    }
  );
}

const startFailures: Partial<Record<ErrorCode, StartFailure>> = {
  "worker-unavailable": {
    title: "This browser cannot keep the list",
    words:
      "It needs a service worker. Some browsers have none in private windows, and all have none on pages without https.",
  },
  "version-mismatch": {
    title: "There is a newer version",
    words: "This page and the part of it that saves are of different versions. Reload the page.",
  },
};
