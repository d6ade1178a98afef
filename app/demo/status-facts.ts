/** Everything the status knows, as a list of facts in plain words. */
import type { ErrorCode, PeerStatus, Status } from "presync";
import { problemWords, providerWords } from "./problem-words.ts";
import { clockTime, countWords, durationWords, relativeTime, sizeWords } from "./time-words.ts";

export interface Fact {
  readonly term: string;
  readonly lines: readonly string[];
  /** For the ones who can help: an error's code. */
  readonly code?: string;
  /** Somebody has to do something about it. */
  readonly isProblem?: boolean;
}

/** A device that is not named `browser-…` is a program, such as a backup. */
export function deviceName(replica: string): string {
  const [kind, id = ""] = replica.split("-");
  return `${kind === "browser" ? "Browser" : "Program"} ${id.slice(0, 6)}`;
}

/** An account's number; of a key the end, which is enough to tell two apart. */
export function shortName(namespace: string): string {
  const [way, account = ""] = namespace.split(":");
  return way === "github" ? `GitHub ${account}` : namespace.slice(-6);
}

export function factsOf(status: Status, now: number): Fact[] {
  const facts: Fact[] = [{ term: "On this device", lines: [deviceWords[status.device]] }];
  if (status.user !== null) {
    facts.push({ term: "In the cloud", lines: cloudLines(status, now) });
    const waiting = waitingLines(status.pending);
    facts.push({ term: "Waiting", lines: waiting });
    facts.push({ term: "Signed in", lines: signedInLines(status, now) });
    facts.push({ term: "Other devices", lines: peerLines(status.peers, now) });
  } else facts.push({ term: "In the cloud", lines: ["Nothing. Sign in to sync your devices."] });
  if (status.clockAheadMs !== 0)
    facts.push({ term: "Clock", lines: [clockWords(status.clockAheadMs)], isProblem: true });
  facts.push({ term: "Network", lines: [status.network === "online" ? "Online" : "Offline"] });
  if (status.user !== null) facts.push({ term: "Live", lines: [hintsWords[status.hints]] });
  facts.push({ term: "Storage", lines: storageLines(status.storage) });
  if (status.update !== "none") facts.push({ term: "Update", lines: [updateWords[status.update]] });
  for (const { code, since, key } of status.problems)
    facts.push({
      // A sign-in is not tried again by itself.
      term: passing.has(code) && key !== "sign-in" ? "Retrying" : "Problem",
      isProblem: !passing.has(code) || key === "sign-in",
      lines: [
        key === "sign-in" ? providerWords(code) : problemWords[code],
        `Since ${clockTime(since)}${key?.includes("/") ? `, at ${shortKey(key)}` : ""}`,
      ],
      code,
    });
  return facts;
}

/** These end by themselves. */
const passing: ReadonlySet<ErrorCode> = new Set(["unreachable", "outcome-unknown", "retry"]);

const deviceWords: Readonly<Record<Status["device"], string>> = {
  saved: "Everything is saved",
  saving: "Saving…",
  failing: "Not saved: keep this page open",
};

const bucketWords: Readonly<Record<Status["bucket"], string>> = {
  saved: "Everything is there",
  saving: "On the way…",
  waiting: "Not everything is there yet",
  failing: "Not everything could be sent",
  off: "Not connected",
};

const hintsWords: Readonly<Record<Status["hints"], string>> = {
  live: "Told at once when another device changes something",
  connecting: "Looks for changes every few seconds until it is told of them",
  off: "Looks for changes now and then",
};

const updateWords: Readonly<Record<Exclude<Status["update"], "none">, string>> = {
  available: "A newer version is ready: update when it suits you",
  required: "This page does not fit its worker any more: update it to sync",
};

function cloudLines({ bucket, lastSavedAt }: Status, now: number): string[] {
  const state = bucketWords[bucket];
  if (lastSavedAt === null) return [state];
  return [state, `Last saved ${relativeTime(lastSavedAt, now)} (${clockTime(lastSavedAt)})`];
}

function waitingLines({ documents, changes, bytes }: Status["pending"]): string[] {
  if (documents === 0 && changes === 0) return ["Nothing"];
  const where = documents === 0 ? "" : ` in ${countWords(documents, "document")}`;
  const size = bytes === 0 ? "" : `, ${sizeWords(bytes)}`;
  return [`${changes === 0 ? "Changes" : countWords(changes, "change")}${where}${size}`];
}

function clockWords(aheadMs: number): string {
  const way = aheadMs > 0 ? "ahead" : "behind";
  const much = durationWords(Math.abs(aheadMs));
  return `This device’s clock is ${much} ${way}. Sync allows for it; please set it right.`;
}

function signedInLines(status: Status, now: number): string[] {
  const { user, auth, grantExpiresAt, clockAheadMs } = status;
  const who = user === null ? [] : [`As ${shortName(user.namespace)}`];
  if (auth === "expired" || auth === "revoked")
    return [...who, "The sign-in has ended. Work goes on; sign in again to sync."];
  if (grantExpiresAt === null) return who;
  const end = `${clockTime(grantExpiresAt)} (${relativeTime(grantExpiresAt, now - clockAheadMs)})`;
  return [...who, `Can sync until ${end}; renewed while online`];
}

function peerLines(peers: readonly PeerStatus[], now: number): string[] {
  if (peers.length === 0) return ["None seen yet"];
  return peers.map(({ replica, lastSeenAt, lastChangeAt, channel }) => {
    const seen = `looked at ${relativeTime(lastSeenAt, now)}`;
    const looked = channel ? `${seen}, connected directly` : seen;
    if (lastChangeAt === 0) return `${deviceName(replica)}: nothing yet, ${looked}`;
    return `${deviceName(replica)}: changed ${relativeTime(lastChangeAt, now)}, ${looked}`;
  });
}

function storageLines({ usage, quota, persisted }: Status["storage"]): string[] {
  const used =
    usage === null
      ? []
      : [`${sizeWords(usage)} used${quota === null ? "" : ` of ${sizeWords(quota)}`}`];
  return [
    ...used,
    persisted
      ? "The browser keeps it until you clear it"
      : "The browser may clear it when the disk gets full",
  ];
}

/** Object keys are long; their end says what it is about. */
function shortKey(key: string): string {
  return key.length > 32 ? `…${key.slice(-31)}` : key;
}
