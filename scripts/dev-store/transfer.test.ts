import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it, onTestFinished } from "vitest";
import { send } from "./conformance/client.ts";
import { readBody } from "./transfer.ts";

it("a body whose reader gives up can still be read by another, and answered", async () => {
  const read: number[] = [];
  const answerEarly = async (
    incoming: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> => {
    const body = readBody(incoming);
    for await (const chunk of body.chunks) {
      if (chunk.length > 0) break;
    }
    read.push(body.bytesRead());
    for await (const chunk of body.chunks) read.push(chunk.length);
    response.end("answer");
  };
  const server = createServer((incoming, response) => void answerEarly(incoming, response));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  const answer = await send(`http://127.0.0.1:${port}/`, {
    method: "PUT",
    body: Buffer.alloc(1024 * 1024),
  });
  expect(answer.text).toBe("answer");
  expect(read.length).toBeGreaterThan(1);
  expect(read.reduce((sum, bytes) => sum + bytes)).toBe(1024 * 1024);
});
