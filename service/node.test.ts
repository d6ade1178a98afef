/** The service behind a real socket: what an application object alone does not show. */
import { Agent, get, Server } from "node:http";
import type { IncomingMessage } from "node:http";
import { afterEach, expect, it, vi } from "vitest";
import type { BusMessage, HintBus } from "./hints/bus.ts";
import { createMemoryBus } from "./hints/memory-bus.ts";
import { until } from "./hints/test-stream.ts";
import type { LogEvent } from "./log.ts";
import type { Listening } from "./node.ts";
import { listen } from "./node.ts";
import type { TestWorld } from "./test-world.ts";
import { createTestKey, createTestWorld, getGrant, signIn, testConfig } from "./test-world.ts";

interface Opened {
  readonly listening: Listening;
  readonly bus: HintBus;
  readonly incoming: IncomingMessage;
  /** A message to whom the stream is of. */
  readonly message: BusMessage;
  readonly events: LogEvent[];
}

const agents: Agent[] = [];
const open: Listening[] = [];

afterEach(async () => {
  vi.restoreAllMocks();
  for (const agent of agents.splice(0)) agent.destroy();
  for (const listening of open.splice(0)) await listening.close();
});

async function openStream(world: TestWorld): Promise<Opened> {
  const events: LogEvent[] = [];
  const bus = createMemoryBus();
  const listening = await listen(
    {
      ...testConfig,
      fetch: world.bucket.fetch,
      now: () => world.clock.ms,
      log: (event) => events.push(event),
      hints: { bus, watchMs: 0 },
    },
    { port: 0 },
  );
  open.push(listening);
  const { session } = await signIn(world.app, await createTestKey());
  const { namespace, replica } = await getGrant(world.app, session);
  const agent = new Agent({ keepAlive: true });
  agents.push(agent);
  const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
    const headers = { authorization: `Bearer ${session}` };
    get(`${listening.url}/v1/hints?replica=${replica}`, { agent, headers }, resolve).on(
      "error",
      reject,
    );
  });
  expect(incoming.statusCode).toBe(200);
  const payload = "x".repeat(4096);
  const message: BusMessage = { kind: "signal", namespace, from: replica, to: replica, payload };
  return { listening, bus, incoming, message, events };
}

it("closes without force while a stream is open on a connection that is kept", async () => {
  const { listening, incoming } = await openStream(createTestWorld());
  const force = vi.spyOn(Server.prototype, "closeAllConnections");
  incoming.resume();
  await listening.close();
  expect(force).not.toHaveBeenCalled();
  expect(incoming.complete).toBe(true);
});

it("breaks the connection of a client that takes nothing", async () => {
  const { bus, incoming, message, events } = await openStream(createTestWorld());
  const printed = vi.spyOn(console, "info");
  let sent = 0;
  // Until all the buffers in between are full, too.
  await until(async () => {
    for (let n = 0; n < 100; n++) {
      await bus.publish(message);
      sent++;
    }
    return events.some(({ event }) => event === "hint-stream-ended");
  });
  // Not from the server's library, which says something where a stream fails, and leaves the connection as it is.
  expect(printed).not.toHaveBeenCalled();
  let received = 0;
  incoming.on("data", (chunk: Buffer) => (received += chunk.length));
  const error = await new Promise<NodeJS.ErrnoException | null>((resolve) => {
    incoming.on("error", resolve);
    incoming.on("end", () => resolve(null));
  });
  expect(error?.code).toBe("ECONNRESET");
  expect(received).toBeLessThan(sent * 4096);
});
