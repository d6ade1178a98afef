/** Who else is in a document, in a component. */
import { useEffect, useMemo, useSyncExternalStore } from "react";
import type { Other } from "../client/presence-room.ts";
import type { WatchedDocument } from "./presence-store.ts";
import { createPresenceStore } from "./presence-store.ts";
import { usePresync } from "./provider.ts";

/**
 * Who else has the document open right now, and what each says of itself; `state` is what this tab says, where it is given. The
 * component renders anew whenever somebody comes, changes or goes. `handle` is `useDocument`'s, and may be undefined.
 *
 * ```tsx
 * const [todos, change, { handle }] = useDocument("todos", { items: [] as string[] });
 * const others = usePresence<{ name: string }>(handle, { name: "Ada" });
 * ```
 *
 * A state that says the same is not sent again, so it may be made anew at every rendering. Of several components that say
 * something in one document, the last one to do so is heard. Throws as `Presence.set`: `invalid-argument`, `too-large`.
 */
export function usePresence<State>(
  handle: WatchedDocument | undefined,
  state?: State,
): readonly Other<State>[] {
  const presync = usePresync();
  const store = useMemo(() => createPresenceStore<State>(presync, handle), [presync, handle]);
  const others = useSyncExternalStore(store.subscribe, store.get, store.get);
  useEffect(() => store.set(state));
  return others;
}
