/**
 * The way between clients and servers: every server is reached through a link, a TCP proxy that counts bytes and may
 * delay them, so that all systems are measured through the same thing; and browsers reach each other through links for
 * datagrams. The proxies run in a process of their own.
 */
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";

/** Payload of TCP, headers and framing included. */
export interface LinkBytes {
  readonly up: number;
  readonly down: number;
}

export interface Link {
  readonly port: number;
  bytes(): Promise<LinkBytes>;
}

export interface Network {
  /** A way to `port` that adds `roundTripMs` to every round trip. */
  link(port: number, roundTripMs: number): Promise<Link>;
  /** The same for UDP, uncounted. */
  datagramLink(port: number, roundTripMs: number): Promise<Pick<Link, "port">>;
  close(): Promise<void>;
}

export type LinkRequest =
  | {
      readonly call: number;
      readonly kind: "open" | "open-datagrams";
      readonly port: number;
      readonly roundTripMs: number;
    }
  | { readonly call: number; readonly kind: "count"; readonly port: number };

export type LinkAnswer = { readonly call: number } & ({ readonly port: number } | LinkBytes);

export async function openNetwork(): Promise<Network> {
  const child = fork(new URL("links-process.ts", import.meta.url));
  const waiting = new Map<number, (answer: LinkAnswer) => void>();
  child.on("message", (answer: LinkAnswer) => waiting.get(answer.call)?.(answer));
  let calls = 0;
  const ask = <T>(request: Record<string, unknown>): Promise<T> =>
    new Promise((resolve) => {
      const call = ++calls;
      waiting.set(call, (answer) => {
        waiting.delete(call);
        resolve(answer as T);
      });
      child.send({ ...request, call });
    });
  return {
    async link(port, roundTripMs) {
      const opened = await ask<{ port: number }>({ kind: "open", port, roundTripMs });
      return {
        port: opened.port,
        bytes: async () => {
          const { up, down } = await ask<LinkBytes>({ kind: "count", port: opened.port });
          return { up, down };
        },
      };
    },
    datagramLink: (port, roundTripMs) => ask({ kind: "open-datagrams", port, roundTripMs }),
    close: () => endProcess(child),
  };
}

/** Children end by themselves when their parent goes, or is done with them. */
export async function endProcess(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => void child.once("exit", () => resolve()));
  if (child.connected) child.disconnect();
  await ended;
}
