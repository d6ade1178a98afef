import type { DocumentId } from "@automerge/automerge-repo/slim";
import { expect, test } from "vitest";
import type { PackedDocument } from "../../shared/codecs/pack.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Heads } from "../engine/frontier.ts";
import { packDocumentId } from "../engine/packing.ts";
import { testReplicas } from "../testing/test-device.ts";
import type { Sent } from "./peer-link.ts";
import { createPublications } from "./publications.ts";

const [b, c, d] = testReplicas.slice(1) as [ReplicaId, ReplicaId, ReplicaId];
const id = "4NMNnkMhL8jXrdJ9jamS58PAVdXu" as DocumentId;
const head = (number: number): string => number.toString(16).padStart(64, "0");

function document(...heads: readonly number[]): PackedDocument {
  return {
    documentId: packDocumentId(id),
    whole: false,
    dataVersion: 0,
    heads: heads.map((number) => Buffer.from(head(number), "hex")),
    chunks: [new Uint8Array([1])],
  };
}

/** A document whose newest change has this number; asked for what is beyond what somebody knows. */
function world() {
  const self = { newest: 1, refusal: null as Sent | null, outstanding: [id] };
  const asked: Heads[] = [];
  const sent: ReplicaId[] = [];
  const publications = createPublications({
    news: {
      async take(_, known) {
        asked.push(known);
        return known.includes(head(self.newest)) ? null : document(self.newest);
      },
      outstanding: () => self.outstanding,
    },
    send(to) {
      if (self.refusal !== null) return self.refusal;
      sent.push(to);
      return "sent";
    },
  });
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 30; turn++) await Promise.resolve();
  };
  return { ...self, self, asked, sent, publications, settle };
}

test("each peer gets what it has not been sent, once", async () => {
  const { self, sent, asked, publications, settle } = world();
  publications.stored(id, [b, c]);
  await settle();
  publications.stored(id, [b]);
  await settle();
  self.newest = 2;
  publications.stored(id, [b]);
  await settle();
  expect(sent).toEqual([b, c, b]);
  expect(asked.at(-1)).toEqual([head(1)]);
});

test("what a peer has sent is not sent back to it", async () => {
  const { sent, publications, settle } = world();
  publications.received(b, document(1));
  publications.stored(id, [b, c]);
  await settle();
  expect(sent).toEqual([c]);
});

test("what may have got lost, or could not be sent, is sent again with what is next", async () => {
  const { self, sent, asked, publications, settle } = world();
  self.refusal = "closed";
  publications.stored(id, [b]);
  await settle();
  self.refusal = null;
  publications.stored(id, [b]);
  await settle();
  expect(sent).toEqual([b]);
  publications.forget(b);
  publications.stored(id, [b]);
  await settle();
  expect(sent).toEqual([b, b]);
  expect(asked).toEqual([[], [], []]);
});

test("who comes gets what is outstanding", async () => {
  const { sent, publications, settle } = world();
  publications.opened(b);
  await settle();
  expect(sent).toEqual([b]);
});

test("many edits in a row are one publication while it waits for its turn", async () => {
  const { sent, publications, settle } = world();
  for (let count = 0; count < 50; count++) publications.stored(id, [b]);
  await settle();
  expect(sent).toEqual([b]);
});

test("what is too large is left to the bucket, and not computed with every edit after it", async () => {
  const { self, sent, asked, publications, settle } = world();
  self.refusal = "too-large";
  publications.stored(id, [b]);
  await settle();
  [self.refusal, self.newest] = [null, 2];
  publications.stored(id, [b]);
  await settle();
  expect(asked).toEqual([[], [head(1)]]);
  expect(sent).toEqual([b]);
});

test("peers that know the same get the same, computed once", async () => {
  const { self, sent, asked, publications, settle } = world();
  publications.received(c, document(7));
  publications.stored(id, [b, c, d]);
  await settle();
  expect(asked).toEqual([[], [head(7)]]);
  expect(sent).toEqual([b, c, d]);
  self.newest = 2;
  publications.stored(id, [b, c, d]);
  await settle();
  // All were sent the same.
  expect(asked).toEqual([[], [head(7)], [head(1)]]);
});
