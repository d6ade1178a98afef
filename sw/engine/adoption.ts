/**
 * Adoption: a replica whose last grant expired long ago is taken over by a live one, so that its prefix can be
 * deleted. Everything it has published is copied, segment by segment and whatever the frontier says; when all of it
 * is acknowledged, the own manifest names it with its generation. Two who adopt the same one only waste space.
 */
import type { PackedDocument, Pack } from "../../shared/codecs/pack.ts";
import { toErrorData } from "../../shared/errors.ts";
import { bytesToHex, hexToBytes } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import type { Frontier } from "./frontier.ts";
import { unpackDocumentId } from "./packing.ts";
import { pause } from "./pause.ts";
import type { PeerRecords } from "./peer-records.ts";
import type { Problems } from "./problems.ts";
import type { Publisher } from "./publisher.ts";
import type { Cursor } from "./reader.ts";
import { isUnreadable, readReplica, readUpTo, startCursor } from "./reader.ts";
import type { ReplicaWriter } from "./replica-writer.ts";
import type { Tuning } from "./tuning.ts";
import type { Bucket, World } from "./world.ts";

/** Those who could adopt it wait for each other: the first one spares the rest the trouble. */
const spreadMs = 120_000;

export interface Adoption {
  /** Looks for somebody to adopt, after a while; never throws. */
  consider(bucket: Bucket): void;
  close(): void;
}

export interface AdoptionParts {
  readonly world: World;
  readonly tuning: Tuning;
  readonly records: PeerRecords;
  readonly frontier: Frontier;
  readonly writer: ReplicaWriter;
  readonly publisher: Publisher;
  readonly problems: Problems;
  /** There is something to publish now. */
  readonly outstanding: () => void;
  /** One cannot be read to its end: it is to be looked at as by somebody who reads it for the first time. */
  readonly incomplete: (replica: ReplicaId) => void;
  /** One has written more than was read here. */
  readonly outdated: (replica: ReplicaId) => void;
}

export function createAdoption(parts: AdoptionParts): Adoption {
  const { world, tuning, records, frontier, writer, publisher, problems } = parts;
  let cancel: (() => void) | undefined;
  /** The newest grant's; one that was begun under a former one goes on with it. */
  let current: Bucket | null = null;
  /** Could not be adopted as they are, by generation: they keep nobody else from it. */
  const failed = new Map<ReplicaId, number>();

  /** One that could be read to its end, and that nobody has adopted as it is now. */
  const orphan = (bucket: Bucket): ReplicaId | undefined =>
    bucket
      .peers()
      .filter(({ state }) => state === "retired")
      .map(({ replica }) => replica)
      .find((replica) => {
        const { cursor, unreadable } = records.get(replica);
        const { generation } = cursor;
        const isOurs = writer.stored.adopted.some(
          (other) => other.replica === replica && other.generation >= generation,
        );
        const isWhole = generation > 0 && unreadable === null && failed.get(replica) !== generation;
        return isWhole && !isOurs && !records.isAdopted(replica);
      });

  const adopt = async (bucket: Bucket, replica: ReplicaId): Promise<void> => {
    const { adopting } = writer.stored;
    const before = adopting?.replica === replica ? adopting.publication : 0;
    const take = async (pack: Pack, cursor: Cursor): Promise<void> => {
      // Beyond what is missing nothing is copied: what is copied counts as taken over.
      if (pack.documents.length === 0 || cursor.publication < pack.last) return;
      const { last: publication } = pack;
      const documents = await Promise.all(
        pack.documents.map((document) => besideOwn(bucket.replica, document)),
      );
      const outcome = { adopting: { replica, publication } };
      // Each is a manifest, and stores allow one a second.
      const savedAt = publisher.lastSavedAt ?? Number.NEGATIVE_INFINITY;
      const restMs = savedAt + tuning.writeIntervalMs - world.clock.now();
      if (restMs > 0) await pause(world.timers, Math.min(restMs, tuning.writeIntervalMs));
      await publisher.publishPack(bucket, { ...pack, documents }, outcome);
    };
    const result = await readReplica({
      tools: world.tools,
      bucket,
      replica,
      cursor: { ...startCursor, publication: before },
      take,
    });
    if (result.kind !== "news" || result.missing !== null) {
      failed.set(replica, records.get(replica).cursor.generation);
      return parts.incomplete(replica);
    }
    const { generation } = result.cursor;
    // With its prefix would go what this device itself has not taken in yet.
    if (generation > readUpTo(records.get(replica).cursor)) return parts.outdated(replica);
    const others = writer.stored.adopted.filter((other) => other.replica !== replica);
    const adopted = [...others, { replica, generation }];
    await publisher.exclusive(() => writer.remember({ adopted, adopting: null }));
    publisher.republish();
    parts.outstanding();
  };

  /** What this replica has published of the document counts as before, beside what it adopts. */
  const besideOwn = async (own: ReplicaId, document: PackedDocument): Promise<PackedDocument> => {
    const known = await frontier.publishedHeads(unpackDocumentId(document.documentId), own);
    const heads = new Set([...known, ...document.heads.map((head) => bytesToHex(head))]);
    return { ...document, heads: [...heads].toSorted().map((head) => hexToBytes(head)) };
  };

  const run = async (bucket: Bucket): Promise<void> => {
    const replica = orphan(bucket);
    if (replica === undefined) return;
    try {
      await adopt(bucket, replica);
      problems.resolve("adoption");
    } catch (error) {
      const { code } = toErrorData(error);
      if (code === "superseded" || code === "closed") return;
      if (code !== "retry") problems.report("adoption", error);
      if (isUnreadable(error)) failed.set(replica, records.get(replica).cursor.generation);
    }
    consider(current ?? bucket);
  };

  const consider = (bucket: Bucket): void => {
    current = bucket;
    cancel?.();
    if (!bucket.peers().some(({ state }) => state === "retired")) return;
    cancel = world.timers.after(world.random.uniform() * spreadMs, () => void run(bucket));
  };

  return { consider, close: () => cancel?.() };
}
