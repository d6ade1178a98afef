/** A Redis for tests, which keeps nothing, and can be stopped and started again under its address. */
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";

export interface RedisServer {
  readonly url: string;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Its program is installed by `scripts/setup.sh`. */
export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  let running: ChildProcess | undefined;
  const server: RedisServer = {
    url: `redis://127.0.0.1:${port}`,
    async start() {
      const options = ["--port", String(port), "--bind", "127.0.0.1", "--save", ""];
      const child = spawn("redis-server", options, {
        cwd: tmpdir(),
        stdio: ["ignore", "pipe", "inherit"],
      });
      running = child;
      let said = "";
      await new Promise<void>((resolve, reject) => {
        child.once("error", reject);
        child.once("exit", () => reject(new Error(`redis-server ended: ${said}`)));
        child.stdout.on("data", (chunk: Buffer) => {
          said += chunk.toString();
          if (said.includes("Ready to accept connections")) resolve();
        });
      });
    },
    async stop() {
      const child = running;
      running = undefined;
      if (child === undefined || child.exitCode !== null) return;
      const ended = once(child, "exit");
      child.kill();
      await ended;
    },
  };
  await server.start();
  return server;
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, "close");
  return port;
}
