import { expect, it } from "vitest";
import type { Namespace } from "../../shared/keys.ts";
import type { Member } from "../session.ts";
import { createCallers } from "./callers.ts";

const namespace = "key:ada" as Namespace;
const member: Member = { namespace, family: "f", endedAt: 0, expiresAt: Infinity };

function create(): {
  readonly callers: ReturnType<typeof createCallers>;
  /** Answers who is asking. */
  readonly answer: () => void;
  readonly asked: () => number;
} {
  let count = 0;
  let give: (found: Member) => void = () => undefined;
  const callers = createCallers(
    {
      authenticate: () => {
        count++;
        return new Promise((resolve) => (give = resolve));
      },
    },
    { device: () => Promise.reject(new Error("nobody asks")) },
    { now: () => 0 },
  );
  return { callers, answer: () => give({ ...member }), asked: () => count };
}

it("does not remember what the store has said before a sign-in of that user has ended", async () => {
  for (const [end, isRemembered] of [
    [() => undefined, true],
    [(callers) => callers.forget(namespace), false],
    [(callers) => callers.forget("key:eve" as Namespace), true],
    [(callers) => callers.forgetAll(), false],
  ] as readonly (readonly [(callers: ReturnType<typeof createCallers>) => void, boolean])[]) {
    const { callers, answer, asked } = create();
    const first = callers.member("Bearer x");
    end(callers);
    answer();
    expect(callers.isCurrent(await first)).toBe(isRemembered);
    const second = callers.member("Bearer x");
    answer();
    await second;
    expect(asked()).toBe(isRemembered ? 1 : 2);
  }
});

it("forgets what it remembers when that user's sign-ins end, or anybody's may have", async () => {
  const { callers, answer, asked } = create();
  for (const end of [() => callers.forget(namespace), () => callers.forgetAll()]) {
    const before = asked();
    for (let n = 0; n < 2; n++) {
      const found = callers.member("Bearer x");
      answer();
      await found;
    }
    expect(asked()).toBe(before + 1);
    end();
  }
});
