import type { DocumentId } from "@automerge/automerge-repo/slim";
import { expect, test } from "vitest";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { packDocumentId } from "../engine/packing.ts";
import type { FromPeer } from "../engine/peer-news.ts";
import { createManualTimers } from "../testing/manual-timers.ts";
import { testReplicas } from "../testing/test-device.ts";
import { createArrivals, waitingBytesMax } from "./arrivals.ts";

const [b, c] = testReplicas.slice(1) as [ReplicaId, ReplicaId];
const id = "4NMNnkMhL8jXrdJ9jamS58PAVdXu" as DocumentId;
const applyMs = 14;

function publication(from: ReplicaId, bytes = 1): FromPeer {
  const document: PackedDocument = {
    documentId: packDocumentId(id),
    whole: false,
    dataVersion: 0,
    heads: [new Uint8Array(32)],
    chunks: [new Uint8Array(bytes)],
  };
  return { from, document };
}

/** A document that takes so long for whatever is applied to it. */
function world() {
  const timers = createManualTimers();
  const turns: { readonly at: number; readonly from: readonly ReplicaId[] }[] = [];
  const taken: FromPeer[] = [];
  const self = { fails: false, ignores: false };
  const arrivals = createArrivals({
    world: { timers, clock: timers },
    async receive(documentId, publications, shown) {
      turns.push({ at: timers.now(), from: publications.map(({ from }) => from) });
      await new Promise<void>((resolve) => void timers.after(applyMs, resolve));
      if (self.fails) throw new Error("the disk is full");
      if (!self.ignores) shown({ documentId, bytes: new Uint8Array(), heads: [] });
      return publications.map(() => (self.ignores ? "ignored" : "applied"));
    },
    shown: () => undefined,
    taken: (each) => void taken.push(each),
  });
  return { timers, turns, taken, self, arrivals };
}

test("a lone one is taken at once, and what comes meanwhile in one turn, from whomever it is", async () => {
  const { timers, turns, taken, arrivals } = world();
  arrivals.add(publication(b));
  expect(turns).toEqual([{ at: 0, from: [b] }]);
  for (const from of [b, c, b]) arrivals.add(publication(from));
  await timers.advance(applyMs * 6 - 1);
  expect(turns).toHaveLength(1);
  // Applying takes a sixth of the time.
  await timers.advance(1_000);
  expect(turns.slice(1)).toEqual([{ at: applyMs * 6, from: [b, c, b] }]);
  expect(taken).toHaveLength(4);
  arrivals.add(publication(c));
  expect(turns.at(-1)).toEqual({ at: timers.now(), from: [c] });
});

test("what waits is bounded by its bytes, and the rest is left to the bucket", async () => {
  const { timers, turns, arrivals } = world();
  arrivals.add(publication(b));
  for (let count = 0; count < 5; count++) arrivals.add(publication(c, waitingBytesMax / 4));
  await timers.advance(1_000);
  expect(turns[1]?.from).toHaveLength(4);
  // Room again.
  arrivals.add(publication(c, waitingBytesMax));
  expect(turns).toHaveLength(3);
});

test("what fails or is ignored is not there, and what comes next is taken", async () => {
  const { timers, turns, taken, self, arrivals } = world();
  self.fails = true;
  arrivals.add(publication(b));
  await timers.advance(1_000);
  Object.assign(self, { fails: false, ignores: true });
  arrivals.add(publication(b));
  await timers.advance(1_000);
  expect([turns.length, taken]).toEqual([2, []]);
});

test("once it is closed nothing is taken", async () => {
  const { timers, turns, arrivals } = world();
  arrivals.add(publication(b));
  arrivals.add(publication(b));
  arrivals.close();
  arrivals.add(publication(c));
  await timers.advance(1_000);
  expect(turns).toHaveLength(1);
});
