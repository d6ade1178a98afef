/** What people do to documents: small things, most of the time, and now and then a large paste. */
import * as A from "@automerge/automerge/slim";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { interpretAsDocumentId } from "@automerge/automerge-repo/slim";
import type { BinaryDocumentId } from "@automerge/automerge-repo/slim";
import type { SeededRandom } from "./random.ts";
import { fingerprint } from "./trace.ts";

export interface Content {
  map: Record<string, unknown>;
  list: unknown[];
  text: string;
  count: A.Counter;
}

export interface SimulatedDocument {
  readonly id: DocumentId;
  /** The change that every device begins it with; null where one device has made it, and the others look for it. */
  readonly birth: Uint8Array | null;
}

export const editKinds = [
  "set",
  "nest",
  "delete key",
  "push",
  "insert",
  "delete item",
  "type",
  "erase",
  "count",
  "paste",
] as const;
export type EditKind = (typeof editKinds)[number];

/** Larger than the tail, so that it goes into a segment; and nothing that compresses. */
const pasteBytesMin = 1_000;
const pasteBytesMax = 1_300;

/** The actor of every birth: equal bytes on every device. */
const birthActor = "00".repeat(16);

export function createDocument(random: SeededRandom, isNamed: boolean): SimulatedDocument {
  const id = interpretAsDocumentId(random.bytes(16) as Uint8Array as BinaryDocumentId);
  return { id, birth: isNamed ? birth(birthActor) : null };
}

/** The first change of a document that nobody else has begun. */
export function firstChange(random: SeededRandom): Uint8Array {
  return birth(Buffer.from(random.bytes(16)).toString("hex"));
}

function birth(actor: string): Uint8Array {
  const doc = A.change<Content>(A.init<Content>({ actor }), { time: 0 }, (draft) => {
    draft.map = {};
    draft.list = [];
    draft.text = "";
    draft.count = new A.Counter(0);
  });
  const bytes = A.save(doc);
  A.free(doc);
  return bytes;
}

export function applyEdit(draft: Content, kind: EditKind, random: SeededRandom): void {
  const word = (): string => Buffer.from(random.bytes(3)).toString("hex");
  const { map, list } = draft;
  switch (kind) {
    case "set":
      map[`k${random.int(4)}`] = word();
      return;
    case "nest":
      map[`n${random.int(2)}`] = { deep: { word: word(), items: [random.int(9)] } };
      return;
    case "delete key": {
      const [key] = Object.keys(map);
      if (key === undefined) map["k0"] = word();
      else delete map[key];
      return;
    }
    case "push":
      list.push(word());
      return;
    case "insert":
      list.splice(random.int(list.length + 1), 0, { word: word() });
      return;
    case "delete item":
      if (list.length === 0) list.push(word());
      else list.splice(random.int(list.length), 1);
      return;
    case "type":
      A.splice(draft, ["text"], random.int(draft.text.length + 1), 0, word());
      return;
    case "erase":
      if (draft.text.length < 2) A.splice(draft, ["text"], 0, 0, word());
      else A.splice(draft, ["text"], random.int(draft.text.length - 1), 1);
      return;
    case "count":
      draft.count.increment(1 + random.int(3));
      return;
    case "paste":
      // Bytes, because a string is one operation for each of its characters, and would only cost time.
      map[`p${random.int(2)}`] = random.bytes(
        pasteBytesMin + random.int(pasteBytesMax - pasteBytesMin),
      );
  }
}

/** JSON whose keys are sorted: equal contents give equal texts. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null || Array.isArray(inner)) return inner;
    if (inner instanceof Uint8Array) return { bytes: fingerprint(inner) };
    if (inner instanceof A.Counter) return { counter: inner.value };
    const entries = Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries);
  });
}
