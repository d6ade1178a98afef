/**
 * The programs a test cluster is made of: which are missing, one that runs to its end, and a group of servers that
 * ends with its maker.
 */
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { accessSync, constants, openSync, closeSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { delimiter, join } from "node:path";

/** Far longer than any of the tools needs on a busy machine; beyond it something is wrong. */
const TOOL_TIMEOUT_MS = 60_000;

export interface ServerGroup {
  /** Starts a server whose output goes to `logFile`. */
  start(program: string, args: readonly string[], logFile: string): ChildProcess;
  /** Throws if one of the servers has ended. */
  check(): void;
  /** Kills exactly the servers of this group and waits until they are gone. */
  end(): Promise<void>;
}

/** True if the program can be found and run. */
export function hasProgram(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Runs a tool to its end and returns what it printed; rejects, with what it complained about, if it fails. */
export function runTool(program: string, args: readonly string[], input = ""): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = execFile(program, args, { timeout: TOOL_TIMEOUT_MS }, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else
        reject(
          new Error(`${program} ${args.join(" ")} failed: ${stderr.trim()}`, { cause: error }),
        );
    });
    // A tool that ends without reading its input is no error of its own.
    child.stdin?.on("error", () => undefined);
    child.stdin?.end(input);
  });
}

export function createServerGroup(): ServerGroup {
  const servers: { readonly program: string; readonly process: ChildProcess }[] = [];
  // When this process is killed nobody calls `end`; the kernel then ends the servers, if setpriv is there to ask it.
  const canFollow = hasProgram("setpriv");
  return {
    start(program, args, logFile) {
      const log = openSync(logFile, "a");
      const command = canFollow
        ? ["setpriv", "--pdeathsig", "KILL", program, ...args]
        : [program, ...args];
      const [first = program, ...rest] = command;
      const server = spawn(first, rest, { stdio: ["ignore", log, log] });
      closeSync(log);
      // A program that cannot be started is noticed by `check`.
      server.on("error", () => undefined);
      servers.push({ program, process: server });
      return server;
    },
    check() {
      const ended = servers.find(
        (server) => server.process.pid === undefined || !running(server.process),
      );
      if (ended !== undefined) throw new Error(`${ended.program} has ended`);
    },
    async end() {
      const alive = servers
        .map((server) => server.process)
        .filter((server) => server.pid !== undefined);
      await Promise.all(
        alive.filter(running).map(async (server) => {
          const gone = once(server, "exit");
          // Nothing of theirs is kept, so they need not shut down in order.
          server.kill("SIGKILL");
          await gone;
        }),
      );
    },
  };
}

function running(server: ChildProcess): boolean {
  return server.exitCode === null && server.signalCode === null;
}

/** Ports that are free on loopback now. All are held until all are found, so that they differ. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(async (server) => {
      server.listen(0, "127.0.0.1");
      await once(server, "listening");
      return (server.address() as AddressInfo).port;
    }),
  );
  await Promise.all(
    servers.map(async (server) => {
      const closed = once(server, "close");
      server.close();
      await closed;
    }),
  );
  return ports;
}
