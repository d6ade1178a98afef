import { describe, expect, it } from "vitest";
import { parseNamespace } from "../shared/keys.ts";
import type { ReplicaId } from "../shared/keys.ts";
import type { MemoryBucket } from "./memory-bucket.ts";
import { createMemoryBucket } from "./memory-bucket.ts";
import { createMarkStore } from "./device-marks.ts";
import type { KnownReplica, Registry } from "./registry.ts";
import { createRegistry, replicasMax, reservedPerKind } from "./registry.ts";
import type { Member } from "./session.ts";
import { createStoreClient } from "./store-client.ts";
import { testConfig } from "./test-world.ts";
import { silentLog } from "./log.ts";

const alice = memberOf("key:alice");
const bob = memberOf("key:bob");
const dayMs = 86_400_000;
const grantSecondsMax = 604_800;

interface World {
  readonly clock: { ms: number };
  readonly bucket: MemoryBucket;
  /** A registry of its own, as another instance has. */
  readonly open: () => Registry;
}

function createWorld(): World {
  const clock = { ms: Date.UTC(2026, 0, 2) };
  const bucket = createMemoryBucket(() => clock.ms);
  return { clock, bucket, open: () => openOn(bucket, clock) };
}

function memberOf(namespace: string): Member {
  return {
    namespace: parseNamespace(namespace),
    family: "f".repeat(32),
    endedAt: 0,
    expiresAt: Infinity,
  };
}

function idsOf(known: readonly KnownReplica[]): ReplicaId[] {
  return known.map(({ replica }) => replica);
}

function recordKeys(bucket: MemoryBucket): string[] {
  return [...bucket.objects.keys()].filter((key) => key.startsWith("@service/replicas/"));
}

/** As another instance opens it. */
function openOn(
  bucket: { readonly fetch: typeof fetch },
  clock: { readonly ms: number },
): Registry {
  const parts = { now: () => clock.ms, log: silentLog, fetch: bucket.fetch, grantSecondsMax };
  const client = createStoreClient({
    store: { addressing: "path", ...testConfig.store },
    ...parts,
  });
  const marks = createMarkStore(client, { ...parts, sessionSeconds: 60 }, async () => false);
  return createRegistry(client, marks, parts);
}

describe("the registry", () => {
  it("names the first replica, and the next ones of both kinds in advance", async () => {
    const registry = createWorld().open();
    const { own, known, reserved } = await registry.enrol(alice, "browser");
    expect(own).toMatch(/^browser-[0-9a-f]{12}$/);
    expect(known).toEqual([]);
    const kinds = reserved.map((id) => id.split("-")[0]);
    expect(kinds.filter((kind) => kind === "browser")).toHaveLength(reservedPerKind);
    expect(kinds.filter((kind) => kind === "node")).toHaveLength(reservedPerKind);
    expect(new Set([own, ...reserved]).size).toBe(1 + 2 * reservedPerKind);
  });

  it("assigns the reserved names, in their order", async () => {
    const { open } = createWorld();
    const first = await open().enrol(alice, "browser");
    const browsers = first.reserved.filter((id) => id.startsWith("browser-"));
    const nodes = first.reserved.filter((id) => id.startsWith("node-"));
    const joined: ReplicaId[] = [];
    for (let at = 0; at < reservedPerKind; at++) {
      joined.push((await open().enrol(alice, "browser")).own);
      joined.push((await open().enrol(alice, "node")).own);
    }
    expect(joined.filter((id) => id.startsWith("browser-"))).toEqual(browsers);
    expect(joined.filter((id) => id.startsWith("node-"))).toEqual(nodes);
  });

  it("keeps the name of a replica that is registered", async () => {
    const { open, bucket } = createWorld();
    const { own } = await open().enrol(alice, "browser");
    const other = await open().enrol(alice, "node");
    const renewed = await open().enrol(alice, "browser", own);
    expect(renewed.own).toBe(own);
    expect(idsOf(renewed.known)).toEqual([other.own]);
    expect(renewed.reserved).toEqual(other.reserved);
    expect(recordKeys(bucket)).toHaveLength(2);
  });

  it("refuses a replica that is foreign, malformed, reserved, or of the other kind", async () => {
    const { open, bucket } = createWorld();
    const { own, reserved } = await open().enrol(alice, "browser");
    const { own: foreign } = await open().enrol(bob, "browser");
    const before = recordKeys(bucket);
    const node = own.replace("browser", "node");
    const wrong = [foreign, reserved[0], node, "", "..", `${own}/`, "browser-000000000000"];
    for (const replica of wrong)
      await expect(open().enrol(alice, "browser", replica)).rejects.toMatchObject({
        code: "denied",
      });
    await expect(open().enrol(alice, "node", own)).rejects.toMatchObject({ code: "denied" });
    expect(recordKeys(bucket)).toEqual(before);
  });

  it("keeps namespaces apart, also where one name begins with the other", async () => {
    const { open } = createWorld();
    const { own } = await open().enrol(memberOf("key:al"), "browser");
    const ofAlice = await open().enrol(alice, "browser");
    expect(ofAlice.known).toEqual([]);
    expect(ofAlice.reserved).not.toContain(own);
    expect(idsOf((await open().enrol(memberOf("key:al"), "node")).known)).toEqual([own]);
  });

  it("gives different names to all who come at once, at whatever instance", async () => {
    const { open } = createWorld();
    const [one, two] = [open(), open()];
    const kinds = ["browser", "browser", "node"] as const;
    const enrolments = await Promise.all(
      Array.from({ length: 18 }, (_, index) =>
        (index % 2 === 0 ? one : two).enrol(alice, kinds[index % 3] ?? "browser"),
      ),
    );
    const names = enrolments.map((enrolment) => enrolment.own);
    expect(new Set(names).size).toBe(18);
    const last = await open().enrol(alice, "browser");
    expect(new Set([last.own, ...idsOf(last.known)]).size).toBe(19);
  });

  it("lists the others in the order of their last grants, which it remembers by the day", async () => {
    const { open, clock, bucket } = createWorld();
    const [a, b, c] = [
      (await open().enrol(alice, "browser")).own,
      ((clock.ms += 1000), (await open().enrol(alice, "browser")).own),
      ((clock.ms += 1000), (await open().enrol(alice, "node")).own),
    ];
    const othersOf = async (own: ReplicaId): Promise<readonly ReplicaId[]> =>
      idsOf((await open().enrol(alice, own.startsWith("node") ? "node" : "browser", own)).known);
    expect(await othersOf(c)).toEqual([b, a]);
    const writes = (): number =>
      bucket.requests.filter((request) => request.startsWith("PUT")).length;
    const before = writes();
    await othersOf(a);
    expect(writes()).toBe(before);
    clock.ms += dayMs;
    expect(await othersOf(a)).toEqual([c, b]);
    expect(writes()).toBe(before + 1);
    expect(await othersOf(c)).toEqual([a, b]);
  });

  it("renews also where the store does not take the time of it", async () => {
    const { open, clock, bucket } = createWorld();
    const { own } = await open().enrol(alice, "browser");
    clock.ms += 2 * dayMs;
    const { fetch } = bucket;
    const readOnly: typeof fetch = (input, init) =>
      init?.method === "PUT" ? Promise.reject(new TypeError("no")) : fetch(input, init);
    const registry = openOn({ fetch: readOnly }, clock);
    expect((await registry.enrol(alice, "browser", own)).own).toBe(own);
    await expect(registry.enrol(alice, "browser")).rejects.toMatchObject({ code: "retry" });
  });

  it("names other replicas when registry and pool were lost, since the old ones may still write", async () => {
    const { open, bucket } = createWorld();
    const { own, reserved } = await open().enrol(alice, "browser");
    bucket.objects.clear();
    const again = await open().enrol(alice, "browser");
    expect([own, ...reserved]).not.toContain(again.own);
    await expect(open().enrol(alice, "browser", own)).rejects.toMatchObject({ code: "denied" });
  });

  it("stops at a bound, and still renews there", async () => {
    const { open, bucket, clock } = createWorld();
    const { own } = await open().enrol(alice, "browser");
    for (let at = 1; at < replicasMax; at++) {
      const name = `node-${at.toString(16).padStart(12, "0")}`;
      bucket.objects.set(`@service/replicas/${alice.namespace}/${name}`, {
        text: "",
        modifiedAt: clock.ms,
      });
    }
    await expect(open().enrol(alice, "node")).rejects.toMatchObject({ code: "quota" });
    const { known, reserved } = await open().enrol(alice, "browser", own);
    expect(known).toHaveLength(replicasMax - 1);
    expect(reserved).toHaveLength(2 * reservedPerKind);
  });

  it("ignores what else lies below its prefix", async () => {
    const { open, bucket } = createWorld();
    const { own } = await open().enrol(alice, "browser");
    for (const name of ["README", "browser-zz", `${own}/deeper`, ""])
      bucket.objects.set(`@service/replicas/${alice.namespace}/${name}`, {
        text: "",
        modifiedAt: 0,
      });
    expect((await open().enrol(alice, "browser", own)).known).toEqual([]);
  });

  it("founds one pool, whoever comes first", async () => {
    const { open } = createWorld();
    const all = await Promise.all([alice, alice, alice].map((each) => open().enrol(each, "node")));
    const last = await open().enrol(alice, "browser");
    const rest = last.reserved.filter((id) => id.startsWith("node-"));
    // From one pool the three have its first names, and what everybody holds in reserve overlaps.
    expect(all.every(({ reserved }) => reserved.some((id) => rest.includes(id)))).toBe(true);
  });
});
