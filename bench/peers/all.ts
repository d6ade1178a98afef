/** All systems, presync first. Each is loaded alone, so that a client's memory is its own. */
import type { System, SystemName } from "./system.ts";

export const systemNames: readonly SystemName[] = [
  "presync",
  "automerge-repo",
  "y-websocket",
  "hocuspocus",
];

const loaders: Readonly<Record<SystemName, () => Promise<System>>> = {
  presync: async () => (await import("./presync.ts")).presync,
  "automerge-repo": async () => (await import("./automerge-repo.ts")).automergeRepo,
  "y-websocket": async () => (await import("./y-websocket.ts")).yWebsocket,
  hocuspocus: async () => (await import("./hocuspocus.ts")).hocuspocus,
};

export function loadSystem(name: SystemName): Promise<System> {
  return loaders[name]();
}
