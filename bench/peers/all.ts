/** All systems, presync first. Each is loaded alone, so that a client's memory is its own. */
import type { System, SystemName } from "./system.ts";

export const systemNames: readonly SystemName[] = [
  "presync",
  "automerge-repo",
  "y-websocket",
  "hocuspocus",
];

export async function loadSystem(name: SystemName): Promise<System> {
  switch (name) {
    case "presync":
      return (await import("./presync.ts")).presync;
    case "automerge-repo":
      return (await import("./automerge-repo.ts")).automergeRepo;
    case "y-websocket":
      return (await import("./y-websocket.ts")).yWebsocket;
    case "hocuspocus":
      return (await import("./hocuspocus.ts")).hocuspocus;
  }
}
