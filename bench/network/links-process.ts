/** The process of the links. */
import { createSocket } from "node:dgram";
import type { Socket } from "node:net";
import { connect, createServer } from "node:net";
import type { LinkAnswer, LinkRequest } from "./links.ts";

const counts = new Map<number, { up: number; down: number }>();

process.on("disconnect", () => process.exit());
process.on("message", (request: LinkRequest) => {
  if (request.kind === "count") {
    const { up, down } = counts.get(request.port) ?? { up: 0, down: 0 };
    return answer({ call: request.call, up, down });
  }
  const oneWayMs = request.roundTripMs / 2;
  if (request.kind === "open-datagrams")
    return openDatagramLink(request.call, request.port, oneWayMs);
  const bytes = { up: 0, down: 0 };
  const server = createServer({ noDelay: true }, (client) => {
    const upstream = connect({ port: request.port, host: "127.0.0.1", noDelay: true });
    carry(client, upstream, oneWayMs, (count) => (bytes.up += count));
    carry(upstream, client, oneWayMs, (count) => (bytes.down += count));
  });
  server.listen(0, "127.0.0.1", () => {
    const { port } = server.address() as { port: number };
    counts.set(port, bytes);
    answer({ call: request.call, port });
  });
});

function answer(message: LinkAnswer): void {
  process.send?.(message);
}

/** To the target everything comes from one socket for each sender, where its answers are sent back from. */
function openDatagramLink(call: number, target: number, delayMs: number): void {
  const senders = new Map<number, ReturnType<typeof createSocket>>();
  const link = createSocket("udp4");
  link.on("message", (datagram, { port }) => {
    let towards = senders.get(port);
    if (towards === undefined) {
      towards = createSocket("udp4");
      senders.set(port, towards);
      towards.on("message", (back) => later(delayMs, () => link.send(back, port, "127.0.0.1")));
    }
    const to = towards;
    later(delayMs, () => to.send(datagram, target, "127.0.0.1"));
  });
  link.bind(0, "127.0.0.1", () => answer({ call, port: link.address().port }));
}

function later(delayMs: number, action: () => void): void {
  if (delayMs === 0) action();
  else setTimeout(action, delayMs);
}

/** What arrives goes on `delayMs` later, in order, and so does the end. */
function carry(from: Socket, to: Socket, delayMs: number, count: (bytes: number) => void): void {
  from.on("data", (chunk) => {
    count(chunk.length);
    later(delayMs, () => void (to.destroyed || to.write(chunk)));
  });
  from.on("end", () => later(delayMs, () => to.end()));
  from.on("error", () => to.destroy());
  from.on("close", () => later(delayMs, () => to.destroy()));
}
