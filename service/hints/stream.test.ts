import { expect, test } from "vitest";
import { createHintStream } from "./stream.ts";

test("a client that takes nothing is let go, and what it has not taken is bounded and dropped", async () => {
  let ended = 0;
  const stream = createHintStream(() => ended++, null);
  const bytes = new Uint8Array(1000);
  let sent = 0;
  for (let n = 0; n < 1000; n++) {
    if (ended === 0) sent++;
    stream.send(bytes);
  }
  expect(sent).toBeLessThanOrEqual(132);
  stream.send(bytes);
  stream.end();
  expect(ended).toBe(1);
  // As of a client that has left: servers write anything else to their logs.
  await expect(stream.body.getReader().read()).rejects.toMatchObject({
    code: "ERR_STREAM_PREMATURE_CLOSE",
  });
});

test("where the server lets it, the connection of a client that takes nothing is cut, once", () => {
  const done: string[] = [];
  const stream = createHintStream(
    () => done.push("ended"),
    () => done.push("cut"),
  );
  for (let n = 0; n < 200; n++) stream.send(new Uint8Array(1000));
  expect(done).toEqual(["ended", "cut"]);
});

test("what was sent before the end is there to be taken", async () => {
  const stream = createHintStream(() => undefined, null);
  for (let n = 0; n < 100; n++) stream.send(new Uint8Array(1000));
  stream.end();
  expect((await new Response(stream.body).arrayBuffer()).byteLength).toBe(100_000);
});

test("a client that leaves is heard of once", async () => {
  let ended = 0;
  const stream = createHintStream(() => ended++, null);
  await stream.body.cancel();
  stream.end();
  expect(ended).toBe(1);
});
