/** Hands a page's connection down to its components. */
import type { ReactElement, ReactNode } from "react";
import { createContext, createElement, use } from "react";
import type { Presync } from "../client/connect.ts";

const PresyncContext = createContext<Presync | null>(null);

export interface PresyncProviderProps {
  /**
   * What `connect()` gives: the connection, or the promise of it. Make it once, outside of all components: each call of
   * `connect()` is a connection of its own.
   */
  readonly presync: Presync | Promise<Presync>;
  readonly children?: ReactNode;
}

/**
 * Gives the components below it a connection. While the promise of one is pending the nearest `Suspense` boundary above
 * shows its fallback; where `connect()` fails, the nearest error boundary above gets the `PresyncError`.
 */
export function PresyncProvider({ presync, children }: PresyncProviderProps): ReactElement {
  const value = "then" in presync ? use(presync) : presync;
  return createElement(PresyncContext, { value }, children);
}

/** The connection of the nearest `PresyncProvider`; throws where there is none above the component. */
export function usePresync(): Presync {
  const presync = use(PresyncContext);
  if (presync === null) throw new Error("presync's hooks need a <PresyncProvider> above them");
  return presync;
}
