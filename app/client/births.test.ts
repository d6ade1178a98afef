import * as A from "@automerge/automerge";
import { expect, test } from "vitest";
import { birthOf, checkKinds, namedDocumentUrl } from "./births.ts";

const load = (...births: Uint8Array[]): A.Doc<Record<string, unknown>> => {
  let doc = A.init<Record<string, unknown>>();
  for (const birth of births) doc = A.loadIncremental(doc, birth);
  return doc;
};

test("the id follows from the name, on every device and in every build", async () => {
  expect(await namedDocumentUrl("todos")).toBe(await namedDocumentUrl("todos"));
  expect(await namedDocumentUrl("todos")).not.toBe(await namedDocumentUrl("todo"));
  expect(await namedDocumentUrl("todos")).toMatchInlineSnapshot(
    `"automerge:bvTipkfFkDMfMwF4RMAVyYCCsTw"`,
  );
  await expect(namedDocumentUrl("")).rejects.toMatchObject({ code: "invalid-argument" });
});

test("golden: the same init is the same changes", async () => {
  const doc = load(
    await birthOf({ items: [], title: "", meta: {}, count: 0, done: false, by: null }),
  );
  expect(A.toJS(doc)).toEqual({ items: [], title: "", meta: {}, count: 0, done: false, by: null });
  expect(A.getHeads(doc).toSorted()).toMatchInlineSnapshot(`
    [
      "0fd76ea08495f4d287c3d710aaaf4e21e486cd42b4051c80a8854bd8aee6d895",
      "47372759ef0f8b904a838b7e6662f033739fa8f0a0baaa55c231091c069960c7",
      "4b5053214065d84ba8df4144a373b60b5bb38efc58c379563dc23b713026db2c",
      "8005f1e55dd3c5d83e5ed3cab0a20fef5609532197b4c0b7b77336a834b98878",
      "a71fdbebd836e3e212f0a7b36c698bc497ff84ae022fd652766d7ad0d953c74f",
      "df56ce783629f44afe67a26a999694d1b194e34d6d5bf405251477e3d6f0b9b0",
    ]
  `);
});

test("two births of one document merge instead of forking, also after an app grew a key", async () => {
  const [one, two] = [
    load(await birthOf({ items: [] })),
    load(await birthOf({ items: [], notes: {} })),
  ];
  const edit = (
    doc: A.Doc<Record<string, unknown>>,
    text: string,
  ): A.Doc<Record<string, unknown>> =>
    A.change(doc, (draft) => void (draft["items"] as string[]).push(text));
  const merged = A.merge(edit(one, "from one"), edit(two, "from two"));
  expect((merged["items"] as string[]).toSorted()).toEqual(["from one", "from two"]);
  expect(merged["notes"]).toEqual({});
});

test("a scalar whose default changed is another birth, and both can be loaded", async () => {
  const doc = load(await birthOf({ count: 1 }), await birthOf({ count: 2 }));
  expect([1, 2]).toContain(doc["count"]);
});

test("what would be created once on each device is refused", async () => {
  const refused = [
    { items: ["milk"] },
    { title: "Untitled" },
    { meta: { a: 1 } },
    { at: new Date(0) },
    { n: Number.NaN },
    { u: undefined },
    { b: new Uint8Array() },
  ];
  for (const init of refused)
    await expect(birthOf(init)).rejects.toMatchObject({ code: "invalid-argument" });
  await expect(birthOf([] as never)).rejects.toMatchObject({ code: "invalid-argument" });
});

test("a key whose kind changed between versions is told, not lost", async () => {
  const doc = load(await birthOf({ items: [] }));
  expect(() => checkKinds(doc, { items: [] })).not.toThrow();
  expect(() => checkKinds(doc, { items: {} })).toThrow(/another kind/);
});
