import { expect, test } from "vitest";
import { createHintStream } from "./stream.ts";

test("a client that takes nothing is let go, and what it has not taken is bounded", async () => {
  let ended = 0;
  const stream = createHintStream(() => ended++);
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
  let received = 0;
  const reader = stream.body.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read())
    received += next.value.byteLength;
  // Whole events, all of them, and then the end.
  expect(received).toBe((sent - 1) * 1000);
});

test("a client that leaves is heard of once", async () => {
  let ended = 0;
  const stream = createHintStream(() => ended++);
  await stream.body.cancel();
  stream.end();
  expect(ended).toBe(1);
});
