/** What is erased here when a user deletes everything, whatever happens beside it. The service is the real one. */
import "fake-indexeddb/auto";
import "@automerge/automerge";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { TestWorld } from "../../service/test-world.ts";
import { appOrigin, createTestWorld, serviceOrigin } from "../../service/test-world.ts";
import { formatSecretKey } from "../../shared/secret-key.ts";
import type { Databases } from "../../sw/databases.ts";
import { databasesOf } from "../../sw/databases.ts";
import type { RegistryState } from "../../sw/registry.ts";
import { openRegistry } from "../../sw/registry.ts";
import type { Users } from "../../sw/users.ts";
import { openUsers } from "../../sw/users.ts";

const service = `${serviceOrigin}/`;
const [ada, ben] = [1, 2].map((byte) => formatSecretKey(new Uint8Array(32).fill(byte)));

let world: TestWorld;
let databases: Databases;
/** What becomes of an answer to the last step of a deletion. */
let finishing: (answer: Response) => Promise<Response>;
let scopes = 0;

beforeEach(() => {
  world = createTestWorld();
  world.clock.ms = Date.now();
  databases = databasesOf(`https://app.example.com/${++scopes}/`);
  finishing = async (answer) => answer;
  const queues = new Map<string, Promise<unknown>>();
  const request = (name: string, action: () => Promise<unknown>): Promise<unknown> => {
    const run = (queues.get(name) ?? Promise.resolve()).then(action, action);
    queues.set(
      name,
      run.catch(() => undefined),
    );
    return run;
  };
  vi.stubGlobal("navigator", { locks: { request } });
  vi.stubGlobal("fetch", async (url: URL | string, init: RequestInit) => {
    // Nothing is in the bucket, and everything is accepted.
    if (!String(url).startsWith(service))
      return new Response("", { status: init.method === "PUT" ? 200 : 404 });
    const headers = { ...(init.headers as Record<string, string>), origin: appOrigin };
    const { method = "GET" } = init;
    const body = (init.body as string | undefined) ?? null;
    const answer = await world.app.request(String(url), { method, headers, body });
    const isFinish = String(url).endsWith("/everything/delete") && body?.includes("true") === true;
    return isFinish ? finishing(answer) : answer;
  });
});

afterEach(() => vi.unstubAllGlobals());

/** A worker's. */
function startUsers(): Users {
  const registry = openRegistry(databases.registry);
  const background = (work: Promise<unknown>): void => void work.catch(() => undefined);
  return openUsers({ databases, registry, changed() {}, userChanged() {}, background });
}

function readRegistry(): Promise<RegistryState> {
  return openRegistry(databases.registry).read();
}

test("a user who signs in at a later worker meanwhile stays, and so does the copy", async () => {
  const earlier = startUsers();
  await earlier.signInWithKey(ada!, service);
  const { user, engine } = await earlier.current();
  let begun = (): void => undefined;
  const isFinishing = new Promise<void>((resolve) => (begun = resolve));
  let goOn = (): void => undefined;
  const signedIn = new Promise<void>((resolve) => (goOn = resolve));
  finishing = async (answer) => {
    begun();
    await signedIn;
    return answer;
  };
  const deleting = earlier.deleteEverything(user.id);
  await isFinishing;
  const later = startUsers();
  await later.signInWithKey(ben!, service);
  const other = (await later.current()).user.id;
  // By this the earlier one notices that it has a successor.
  engine.repo.create({ late: true });
  await expect.poll(() => earlier.peek()?.user.id).not.toBe(user.id);
  goOn();
  await deleting.catch(() => undefined);
  const { current, users } = await readRegistry();
  expect(current).toBe(other);
  expect(Object.keys(users)).toContain(other);
  // Who asked for it has no copy here any more.
  expect(Object.keys(users)).not.toContain(user.id);
});

test("a wrong confirmation erases nothing, whatever became of an earlier deletion", async () => {
  const users = startUsers();
  await users.signInWithKey(ada!, service);
  const { id } = (await users.current()).user;
  finishing = async () => new Response("", { status: 503 });
  await expect(users.deleteEverything(id)).rejects.toMatchObject({ code: "retry" });
  await users.signOut({ forget: false, discardUnsaved: false });
  await users.signInWithKey(ada!, service);
  const state = await readRegistry();
  expect(state.users[id]?.isEnding).not.toBe(true);
  await expect(users.deleteEverything("wrong")).rejects.toMatchObject({ code: "invalid-argument" });
  expect((await readRegistry()).users[id]).toBeDefined();
});

test("a 401 of something in front of the service ends no sign-in, and erases nothing", async () => {
  const users = startUsers();
  await users.signInWithKey(ada!, service);
  const { id } = (await users.current()).user;
  finishing = async () => new Response("who are you?", { status: 401 });
  const failed = users.deleteEverything(id);
  await expect(failed).rejects.toMatchObject({ code: "unexpected-answer" });
  expect((await readRegistry()).users[id]).toBeDefined();
});
