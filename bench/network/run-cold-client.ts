/** Sends a client that has nothing to a host, in a process of its own. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { expectedReading } from "../documents.ts";
import type { ColdRead, Hosted, Traffic } from "../peers/system.ts";
import type { ColdOrder } from "./cold-client.ts";
import type { Network } from "./links.ts";
import { endProcess } from "./links.ts";

export interface ColdRun extends ColdRead {
  readonly traffic: Traffic;
}

/** Throws when the client did not read what there is. */
export async function runColdClient(
  network: Network,
  hosted: Hosted,
  order: Omit<ColdOrder, "address"> & { readonly roundTripMs: number },
): Promise<ColdRun> {
  const { system, dataset, opens } = order;
  const admitted = await hosted.admit(network, order.roundTripMs);
  const child = fork(new URL("cold-client.ts", import.meta.url), {
    // As many threads for compiling and collecting as the machine has cores beside the one that is measured; Node's
    // default, four on any machine, takes the time of small ones from the client.
    execArgv: [...process.execArgv, "--expose-gc", "--v8-pool-size=0"],
  });
  try {
    const sent: ColdOrder = { system, dataset, opens, address: admitted.address };
    child.send(sent);
    const [read] = (await Promise.race([
      once(child, "message"),
      once(child, "exit").then(() => Promise.reject(new Error(`a client of ${system} failed`))),
    ])) as [ColdRead];
    if (read.reading !== null && read.reading !== expectedReading(dataset))
      throw new Error(`${system} read something else than there is`);
    return { ...read, traffic: await admitted.bytes() };
  } finally {
    await endProcess(child);
  }
}
