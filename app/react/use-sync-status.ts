/** The status in a component. */
import { useSyncExternalStore } from "react";
import type { Status } from "../../shared/status.ts";
import { usePresync } from "./provider.ts";

/** What is saved where, who is signed in, and what is wrong: `presync.status`, and a rendering for every change of it. */
export function useSyncStatus(): Status {
  const { status } = usePresync();
  return useSyncExternalStore(status.subscribe, status.get, status.get);
}
