/** A display that nobody looks at: WebKitGTK has no headless mode. */
import { spawn } from "node:child_process";

export interface VirtualDisplay {
  /** For `DISPLAY`. */
  readonly name: string;
  close(): Promise<void>;
}

export async function startVirtualDisplay(): Promise<VirtualDisplay> {
  // It chooses a free number, and writes it to the descriptor it is given.
  const words = ["-displayfd", "3", "-screen", "0", "1024x768x24", "-nolisten", "tcp"];
  const child = spawn("Xvfb", words, { stdio: ["ignore", "ignore", "ignore", "pipe"] });
  const ended = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const number = await new Promise<string>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`Xvfb ended with ${code}`)));
    child.stdio[3]!.once("data", (text: Buffer) => resolve(text.toString().trim()));
  });
  return {
    name: `:${number}`,
    async close() {
      child.kill("SIGTERM");
      await ended;
    },
  };
}
