/** The process of one client that begins with nothing: it is told what to read, says what that took, and ends. */
import "../memory-use.ts";
import type { Dataset } from "../documents.ts";
import { loadSystem } from "../peers/all.ts";
import type { Address, SystemName } from "../peers/system.ts";

export interface ColdOrder {
  readonly system: SystemName;
  readonly address: Address;
  readonly dataset: Dataset;
  /** False where having everything on the device is all that is asked; only presync can do that. */
  readonly opens: boolean;
}

// y-websocket listens for the end of the process once for each document.
process.setMaxListeners(0);
process.on("disconnect", () => process.exit());
process.on("message", ({ system, address, dataset, opens }: ColdOrder) => {
  void loadSystem(system)
    // Code and wasm are there already when a browser's worker starts; they are not what is compared.
    .then((loaded) => loaded.coldRead(address, dataset, opens))
    .then((read) => process.send?.(read))
    .catch((error: unknown) => {
      console.error(error);
      process.exit(1);
    });
});
