/**
 * A server in a process of its own. It is told what to hold, says on which port it listens, and ends with its
 * parent.
 */
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import type { Dataset } from "../documents.ts";
import { endProcess } from "./links.ts";

export interface ServerProcess {
  readonly port: number;
  /** Processor time and memory of the server so far. */
  close(): Promise<void>;
}

export async function startServer(module: URL, dataset: Dataset): Promise<ServerProcess> {
  const child: ChildProcess = fork(module, [JSON.stringify(dataset)]);
  const port = await new Promise<number>((resolve, reject) => {
    child.once("message", (message) => resolve((message as { port: number }).port));
    child.once("exit", (code) =>
      reject(new Error(`a server ended with ${code}: ${module.pathname}`)),
    );
  });
  return { port, close: () => endProcess(child) };
}

/** For the server's side. */
export function serveAt(port: number): void {
  process.on("disconnect", () => process.exit());
  process.send?.({ port });
}

export function datasetOfProcess(): Dataset {
  return JSON.parse(process.argv[2] ?? "null") as Dataset;
}
