import { expect, test } from "vitest";
import type { Grant } from "../shared/grants.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";
import type { RegistryState, UserRecord } from "./registry.ts";
import { signedOutUser, withGrant } from "./registry.ts";

const id = "key:someone";
const grantFor = (replica: string): Grant => ({ replica: replica as ReplicaId }) as Grant;

function stateWith(user: Partial<UserRecord>): RegistryState {
  const session = { namespace: id as Namespace } as UserRecord["session"];
  const record: UserRecord = { ...signedOutUser(), id, session, ...user };
  return { current: id, users: { [id]: record }, erasing: [] };
}

test("a grant is kept, and what it is for", () => {
  const state = withGrant(stateWith({ isEnding: true }), id, grantFor("browser-a"));
  expect(state.users[id]).toMatchObject({ grant: grantFor("browser-a"), replica: "browser-a" });
  expect(state.users[id]).not.toHaveProperty("isEnding");
  const without = withGrant(state, id, null);
  expect(without.users[id]).toMatchObject({ grant: null, replica: "browser-a" });
});

test("a grant that comes late brings nothing back", () => {
  const signedOut = stateWith({ session: null });
  expect(withGrant(signedOut, id, grantFor("browser-a"))).toBe(signedOut);
  // Somebody else writes under the id before, and this browser goes by another one.
  const fled = stateWith({ grant: grantFor("browser-b"), replica: "browser-b" as ReplicaId });
  expect(withGrant(fled, id, grantFor("browser-a"))).toBe(fled);
  expect(withGrant(fled, "key:another", grantFor("browser-a"))).toBe(fled);
});
