/**
 * Sign-ins that were begun and go on in the browser, or in a mailbox. Several may be under way: a mail that is slow is
 * asked for again, and then it is the first one that is opened.
 */
import type { RegistryState, Session } from "./registry.ts";

/** Older ones are given up; they are good for a quarter of an hour anyway. */
const begunMax = 4;

export interface BegunSignIn {
  readonly service: string;
  /** Proves to the service that the code which comes back is for this browser. */
  readonly verifier: string;
  /** What the tab called it that asked for a mail. */
  readonly request?: string;
  /** A code was sent to the service, and nothing is known of an answer. */
  readonly tried?: string | undefined;
  /** What a code was redeemed for: it cannot be redeemed again, should the worker end before the rest is done. */
  readonly redeemed?: { readonly code: string; readonly session: Session };
}

/** An earlier build kept one, or null: that is given up. */
function allBegun({ begun }: RegistryState): readonly BegunSignIn[] {
  return Array.isArray(begun) ? (begun as readonly BegunSignIn[]) : [];
}

/** Newest first. */
export function begunAt(state: RegistryState, service: string): readonly BegunSignIn[] {
  return allBegun(state).filter((each) => each.service === service);
}

export function withBegun(state: RegistryState, begun: BegunSignIn): RegistryState {
  return { ...state, begun: [begun, ...allBegun(state)].slice(0, begunMax) };
}

/** With a change of those with these verifiers; what was begun meanwhile stays as it is. */
export function changingBegun(
  state: RegistryState,
  of: readonly BegunSignIn[],
  change: (begun: BegunSignIn) => BegunSignIn | null,
): RegistryState {
  const verifiers = new Set(of.map(({ verifier }) => verifier));
  const begun = allBegun(state).map((each) => (verifiers.has(each.verifier) ? change(each) : each));
  return { ...state, begun: begun.filter((each) => each !== null) };
}
