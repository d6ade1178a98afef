import { expect, it } from "vitest";
import { createTurns } from "./turns.ts";

it("runs one at a time, in order, also after one that fails", async () => {
  const turns = createTurns(10);
  const seen: string[] = [];
  const take = (name: string): Promise<string> =>
    turns.take(async () => {
      seen.push(`${name} begins`);
      await Promise.resolve();
      seen.push(`${name} ends`);
      if (name === "b") throw new Error("no");
      return name;
    });
  const results = await Promise.allSettled([take("a"), take("b"), take("c")]);
  expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(seen).toEqual(["a begins", "a ends", "b begins", "b ends", "c begins", "c ends"]);
});

it("lets so many wait and no more, until one of them has ended", async () => {
  const turns = createTurns(1);
  const take = (): Promise<void> => turns.take(() => Promise.resolve());
  const asked = [take(), take()];
  await expect(take()).rejects.toMatchObject({ code: "retry" });
  await Promise.all(asked);
  await take();
});
