import { Agent, createServer, request } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { closeServer } from "../../scripts/cli/ports.ts";
import { freePort } from "./ports.ts";
import type { RoundRobinProxy } from "./round-robin-proxy.ts";
import { startRoundRobinProxy } from "./round-robin-proxy.ts";

let instances: Server[];
let proxy: RoundRobinProxy;
let port: number;

beforeEach(async () => {
  instances = await Promise.all(["a", "b"].map(startInstance));
  port = await freePort();
  const origins = instances.map(
    (server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  proxy = await startRoundRobinProxy(port, origins);
});

afterEach(async () => {
  await proxy.close();
  for (const server of instances) await closeServer(server);
});

/** Answers with its name, and what it was asked. */
async function startInstance(name: string): Promise<Server> {
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const { method, url, headers } = incoming;
      response.writeHead(201, { "set-cookie": ["x=1", "y=2"], "x-name": name });
      response.end([method, url, headers.host, Buffer.concat(chunks).toString()].join(" "));
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return server;
}

function ask(
  agent: Agent,
): Promise<{ name: unknown; status: number; cookies: unknown; text: string }> {
  return new Promise((resolve, reject) => {
    const path = "/a/..%2fb?c=d";
    const outgoing = request({ host: "127.0.0.1", port, path, method: "POST", agent }, (answer) => {
      let text = "";
      answer.on("data", (chunk: Buffer) => (text += chunk.toString()));
      answer.on("end", () => {
        const { headers, statusCode = 0 } = answer;
        resolve({
          name: headers["x-name"],
          status: statusCode,
          cookies: headers["set-cookie"],
          text,
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end("body");
  });
}

test("requests go to each instance in turn, over one connection too, and arrive as they were sent", async () => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answers = [];
  for (let count = 0; count < 4; count++) answers.push(await ask(agent));
  agent.destroy();
  expect(answers.map(({ name }) => name)).toEqual(["a", "b", "a", "b"]);
  const text = `POST /a/..%2fb?c=d 127.0.0.1:${port} body`;
  for (const answer of answers)
    expect(answer).toMatchObject({ status: 201, cookies: ["x=1", "y=2"], text });
});

test("an instance that is down is a bad gateway, and the others go on", async () => {
  await closeServer(instances[0]!);
  const agent = new Agent();
  expect((await ask(agent)).status).toBe(502);
  expect((await ask(agent)).name).toBe("b");
  agent.destroy();
});
