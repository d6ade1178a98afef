import { expect, test } from "vitest";
import { createEventParser } from "./event-parser.ts";

test("events come out whole, however they were cut", () => {
  const text =
    'id: 5\nevent: hint\ndata: {"a":1}\n\n: \nid: 6\n\nevent: reset\r\ndata:{}\r\n\r\ndata: a\ndata: b\n\n';
  const expected = [
    { name: "hint", data: '{"a":1}', id: "5" },
    { name: "message", data: "", id: "6" },
    { name: "reset", data: "{}", id: "6" },
    { name: "message", data: "a\nb", id: "6" },
  ];
  for (let size = 1; size <= text.length; size++) {
    const parser = createEventParser();
    const found = [];
    for (let at = 0; at < text.length; at += size)
      found.push(...parser.take(text.slice(at, at + size)));
    expect(found, `in pieces of ${size}`).toEqual(expected);
  }
});

test("an event that never ends is not kept", () => {
  const parser = createEventParser();
  expect(() => {
    for (let n = 0; n < 70; n++) parser.take("x".repeat(1000));
  }).toThrow("without an end");
});
