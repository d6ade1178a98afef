import { expect, it } from "vitest";
import {
  createTestKey,
  createTestWorld,
  getGrant,
  postAs,
  putManifest,
  signIn,
} from "./test-world.ts";

it("looks at one manifest at a time, however many are asked about", async () => {
  const world = createTestWorld();
  const key = await createTestKey();
  const { session } = await signIn(world.app, key);
  const own = await getGrant(world.app, session);
  const others = [];
  for (let count = 0; count < 4; count++) {
    const other = await getGrant(world.app, (await signIn(world.app, key)).session);
    await putManifest(world, other, 1);
    others.push(other.replica);
  }
  const gone = others.slice(0, 2);
  const adopted = gone.toSorted().map((replica) => ({ replica, generation: 1 }));
  await putManifest(world, own, 1, adopted);
  for (const replica of gone) await postAs(world.app, session, "/v1/devices/retire", { replica });

  let reading = 0;
  let most = 0;
  const app = world.another({
    fetch: async (input, init) => {
      const isRead = init?.method === "GET" && new Request(input).url.endsWith("/manifest");
      if (isRead) most = Math.max(most, ++reading);
      const answer = await world.bucket.fetch(input, init);
      if (isRead) reading--;
      return answer;
    },
  });
  const answers = await Promise.all(
    gone.map((replica) => postAs(app, session, "/v1/devices/remove", { replica })),
  );
  expect(answers.map(({ status }) => status)).toEqual([200, 200]);
  expect(most).toBe(1);
});
