import { expect, test } from "vitest";
import type { Edit, Holding, Observed, Request, Write } from "../observed.ts";
import { createObserved } from "../observed.ts";
import type { Manifest, SlotRange } from "../../../shared/codecs/manifest.ts";
import type { ReplicaId } from "../../../shared/keys.ts";
import { invariants } from "./all.ts";
import { viewsAreFaithful } from "./convergence.ts";
import { lostSourceHeals } from "./durability.ts";
import type { Invariant } from "./invariant.ts";

const replica = "browser-00000a" as ReplicaId;

const edit: Edit = {
  document: "doc",
  hash: "h1",
  deps: [],
  device: "d1",
  life: "d1.1",
  at: 0,
  signedOut: true,
  storedAt: 1,
  inBucketAt: 2,
  inBucketBy: replica,
  excused: null,
};

function holding(device: string, hashes: readonly string[], more: Partial<Holding> = {}): Holding {
  const held = { heads: hashes.join(), json: hashes.join(), shown: hashes.join() };
  return {
    device,
    isCold: false,
    documents: new Map([["doc", held]]),
    changes: new Map([["doc", new Set(hashes)]]),
    stored: [],
    ...more,
  };
}

let calls = 0;
function write(more: Partial<Write>): Write {
  return {
    call: calls++,
    device: "d1",
    life: "d1.1",
    replica,
    name: "manifest",
    fingerprint: `f${calls}`,
    size: 10,
    generation: calls,
    manifest: null,
    range: null,
    documents: [],
    requestedAt: calls * 10,
    effects: [calls * 10 + 1],
    acknowledgedAt: calls * 10 + 2,
    ...more,
  };
}

function manifest(slots: readonly SlotRange[]): Manifest {
  return {
    replica,
    incarnation: 1,
    nonce: new Uint8Array(8),
    time: { wallMs: 1, counter: 0 },
    dataVersion: 0,
    slots,
    fledFrom: [],
    adopted: [],
    wants: [],
    unreadable: [],
    line: [],
    tail: { first: 1, last: 0, documents: [] },
  };
}

function request(more: Partial<Request>): Request {
  return {
    device: "d1",
    life: "d1.1",
    replica,
    method: "GET",
    key: `key:someone/${replica}/manifest`,
    at: 0,
    outcome: "ok",
    answeredAt: 0,
    urges: 0,
    peers: 1,
    ...more,
  };
}

function observed(more: Partial<Observed>): Observed {
  return { ...createObserved(), signerNamespace: "key:someone", ...more };
}

const slot = { level: 0, slot: 0, first: 1, last: 2, generation: 1, bytes: 1_000 };

/** For each invariant: something that violates it. */
const violating: Record<string, () => Observed> = {
  "I1 device": () => observed({ inspections: [{ device: "d1", at: 1, missing: ["h1"] }] }),
  "I1 bucket": () => observed({ edits: [edit], holdings: [holding("d2", [], { isCold: true })] }),
  "I1 acknowledgement": () => observed({ premature: ["h1"] }),
  I2: () => observed({ holdings: [holding("d1", ["h1"]), holding("d2", ["h2"])] }),
  I3: () => observed({ edits: [edit], holdings: [holding("d1", ["h1"]), holding("d2", [])] }),
  I4: () => observed({ trespasses: ["asked for what is not its own"] }),
  I5: () =>
    observed({
      prefixes: [{ replica, objects: 13, objectsMax: 12, bytes: 1, compacted: 1, isOwned: true }],
    }),
  "I6 generations": () =>
    observed({ writes: [write({ generation: 5 }), write({ generation: 5 })] }),
  "I6 repair": () =>
    observed({
      manifestsAtEnd: [{ device: "d1", replica, acknowledged: 5, fingerprint: "f", inBucket: 4 }],
    }),
  "I6 slots": () =>
    observed({
      writes: [
        write({ name: "seg/0/0", generation: 1, range: { first: 1, last: 1 } }),
        write({ generation: 2, manifest: manifest([slot]) }),
      ],
    }),
  I7: () =>
    observed({
      writes: [
        write({ name: "seg/0/0", generation: 1, range: { first: 1, last: 2 } }),
        write({ generation: 2, manifest: manifest([slot]) }),
        write({ name: "seg/0/0", generation: 3, range: { first: 3, last: 3 } }),
      ],
    }),
  "one write outstanding": () => observed({ writes: [write({ acknowledgedAt: null }), write({})] }),
  "own manifest first": () => observed({ writes: [write({ requestedAt: 5 })] }),
  "one owner each": () =>
    observed({
      manifestsAtEnd: ["d1", "d2"].map((device) => ({
        device,
        replica,
        acknowledged: 5,
        fingerprint: device,
        inBucket: 5,
      })),
    }),
  I8: () => observed({ names: new Map([["doc actor 1", new Set(["h1", "h2"])]]) }),
  I9: () => observed({ recoveries: ["journal differs"] }),
  I10: () => observed({ stepsBack: ["d1.1 shows less"] }),
  I11: () =>
    observed({
      requests: Array.from({ length: 12 }, (_, index) =>
        request({ at: index * 1_000, outcome: "retry" }),
      ),
    }),
  I12: () => observed({ leaks: ["d1.1: status"] }),
  I14: () => observed({ unsound: ["nonsense is stored"] }),
  I15: () => observed({ holdings: [holding("d1", ["h1"], { stored: [edit] }), holding("d2", [])] }),
  "first poll": () => observed({ unfounded: ["called unavailable"] }),
  uncaught: () => observed({ uncaught: ["Error"] }),
  scenario: () => observed({ unexpected: ["something"] }),
};

/** Those that are judged only once the engine promises them. */
const promised: readonly [Invariant, () => Observed][] = [
  [lostSourceHeals(true), () => observed({ stillLost: new Set(["doc"]) })],
  [
    viewsAreFaithful(true),
    () => {
      const documents = new Map([["doc", { heads: "h", json: "a", shown: "b" }]]);
      return observed({ holdings: [holding("d1", [], { documents })] });
    },
  ],
];

test("nothing observed is nothing violated", () => {
  for (const { judge } of invariants) expect(judge(observed({}))).toEqual([]);
});

test("each invariant finds what violates it", () => {
  const later = new Set(promised.map(([{ name }]) => name));
  const blind = invariants
    .filter(({ name }) => !later.has(name))
    .filter(({ name, judge }) => judge(violating[name]?.() ?? observed({})).length === 0);
  expect(blind.map(({ name }) => name)).toEqual([]);
  for (const [{ judge }, violated] of promised) expect(judge(violated())).toHaveLength(1);
});

test("I7: a slot whose range a newer segment contains is not needed any more", () => {
  const merged = { level: 1, slot: 0, first: 1, last: 4, generation: 2, bytes: 1_000 };
  const writes = [
    write({ name: "seg/0/0", generation: 1, range: { first: 1, last: 2 } }),
    write({ name: "seg/1/0", generation: 2, range: { first: 1, last: 4 } }),
    write({ generation: 3, manifest: manifest([slot, merged]) }),
    write({ name: "seg/0/0", generation: 4, range: { first: 5, last: 5 } }),
  ];
  const { judge } = invariants.find(({ name }) => name === "I7")!;
  expect(judge(observed({ writes }))).toEqual([]);
});

test("one write outstanding: a repeated one is the same one, and one found in the bucket is settled", () => {
  const { judge } = invariants.find(({ name }) => name === "one write outstanding")!;
  const open = { fingerprint: "same", acknowledgedAt: null };
  const repeated = [write(open), write({ ...open, acknowledgedAt: 1_000 })];
  expect(judge(observed({ writes: [...repeated, write({ requestedAt: 2_000 })] }))).toEqual([]);
  const lost = write({ ...open, requestedAt: 10, effects: [11] });
  const next = write({ requestedAt: 50 });
  const found = request({ at: 20 });
  expect(judge(observed({ writes: [lost, next], requests: [found] }))).toEqual([]);
});
