/** Which answers are the service's, and which are of something in front of it. */
import { afterEach, expect, test, vi } from "vitest";
import type { Session } from "./registry.ts";
import { createServiceClient } from "./service-client.ts";

const client = createServiceClient("https://service.example/");
const session = { token: "token" } as Session;

afterEach(() => vi.unstubAllGlobals());

function answering(response: Response): void {
  vi.stubGlobal("fetch", async () => response);
}

const stream = (): Promise<ReadableStream<Uint8Array> | null> =>
  client.stream(session, "v1/hints", { after: null, signal: new AbortController().signal });

test("a stream that the service says is not there is none", async () => {
  const error = { code: "invalid-argument", message: "there is nothing at this address" };
  answering(Response.json({ error }, { status: 404 }));
  expect(await stream()).toBeNull();
});

test("a 404 of a proxy that has lost its service is a service that does not answer", async () => {
  answering(new Response("404 page not found\n", { status: 404 }));
  await expect(stream()).rejects.toMatchObject({ code: "unreachable" });
  answering(Response.json({ message: "no route matched" }, { status: 404 }));
  await expect(stream()).rejects.toMatchObject({ code: "unreachable" });
});

test("a 401 counts as the end of a session where it is the service's", async () => {
  answering(
    Response.json({ error: { code: "unauthenticated", message: "over" } }, { status: 401 }),
  );
  await expect(client.ask(session, "v1/hints", {})).rejects.toMatchObject({
    code: "unauthenticated",
  });
  answering(new Response("who are you?", { status: 401 }));
  await expect(client.ask(session, "v1/hints", {})).rejects.toMatchObject({
    code: "unexpected-answer",
  });
});
