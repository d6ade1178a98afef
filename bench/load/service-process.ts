/** The service in a process of its own, and what it says of itself. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { endProcess } from "../network/links.ts";

export interface ServiceUse {
  /** Processor time since it was started. */
  readonly cpuMs: number;
  /** After garbage collection. */
  readonly heapBytes: number;
  /** The largest since this was asked last; as are the stalls of its event loop. */
  readonly rssBytesMax: number;
  readonly stallMsMax: number;
}

export interface ServiceProcess {
  readonly url: string;
  /** Rejects where it has ended. */
  use(): Promise<ServiceUse>;
  close(): Promise<void>;
}

export async function startServiceProcess(
  storePort: number,
  limits: "limited" | "unlimited",
): Promise<ServiceProcess> {
  const module = new URL("../peers/presync-server.ts", import.meta.url);
  const child = fork(module, [String(storePort), limits], {
    execArgv: [...process.execArgv, "--expose-gc"],
    // It logs a line for each request: that is part of its work, and nobody reads them.
    stdio: ["ignore", "ignore", "ignore", "ipc"],
  });
  const ended = new Promise<never>((_resolve, reject) =>
    child.once("exit", (code) => reject(new Error(`the service has ended with ${code}`))),
  );
  ended.catch(() => undefined);
  const message = async (): Promise<unknown> => {
    const [content] = (await Promise.race([once(child, "message"), ended])) as [unknown];
    return content;
  };
  const { port } = (await message()) as { readonly port: number };
  return {
    url: `http://127.0.0.1:${port}`,
    async use() {
      const answer = message();
      child.send("use");
      return (await answer) as ServiceUse;
    },
    close: () => endProcess(child),
  };
}
