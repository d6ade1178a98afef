/**
 * Reads one other replica, and takes in what it says: its news go into the inbox in the transaction that moves its
 * cursor and the frontier; what it says of others is passed on. It notices when the replica is lost.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { Manifest } from "../../shared/codecs/manifest.ts";
import type { Pack, PackedDocument } from "../../shared/codecs/pack.ts";
import { bytesToHex } from "../../shared/hex.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { hasAll, withDocument } from "./chunks.ts";
import type { DirtySet } from "./dirty-set.ts";
import { holdMsMax } from "./dirty-set.ts";
import type { Frontier } from "./frontier.ts";
import type { Inbox } from "./inbox.ts";
import { afterLook } from "./missing.ts";
import { movesOf, unpackDocumentId } from "./packing.ts";
import type { PeerRecords } from "./peer-records.ts";
import type { Cursor, Reading } from "./reader.ts";
import { isUnreadable, readReplica, readUpTo, startCursor } from "./reader.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { Bucket, World } from "./world.ts";

export interface Look {
  readonly etag: string | undefined;
  readonly isPresent: boolean;
  readonly isChanged: boolean;
}

export interface PeerReader {
  /** Throws what the store throws, or the first thing that was wrong with what was read. */
  read(bucket: Bucket, replica: ReplicaId, etag: string | undefined): Promise<Look>;
  /** The next reading of another replica begins at the start. */
  readAnew(replica: ReplicaId): void;
  /** Brings what this replica itself published into the inbox: its documents are not where they were. */
  readBack(bucket: Bucket): Promise<void>;
}

export interface PeerReaderParts {
  readonly world: World;
  readonly disk: ReplicaDisk;
  readonly records: PeerRecords;
  readonly frontier: Frontier;
  readonly dirty: DirtySet;
  readonly inbox: Inbox;
  /** Documents have something new in the inbox. */
  readonly received: (ids: readonly DocumentId[]) => void;
  /** Who can be read, and who cannot, has changed: the next manifest says so, for their owners to read. */
  readonly complain: () => void;
  /** A replica is worth another look. */
  readonly changed: (replica: ReplicaId) => void;
  /** A manifest with news was read. */
  readonly heard: (replica: ReplicaId, manifest: Manifest) => void;
  /**
   * A replica is gone that was read before, and nobody has taken over what it had published; resolves when nothing is
   * taken for granted any more that rested on it.
   */
  readonly lost: (replica: ReplicaId) => Promise<void>;
  /** Whether enough others have been asked since then to know whether one of them has adopted it. */
  readonly askedOthersSince: (since: number) => boolean;
}

export function createPeerReader(parts: PeerReaderParts): PeerReader {
  const { world, disk, records, frontier, dirty, inbox } = parts;
  const { clock, tools } = world;

  /** To be read from the start. */
  const anew = new Set<ReplicaId>();
  const arrived = new Set<DocumentId>();
  /** What lay where a manifest names another segment: once is enough, as long as the document is where it was brought. */
  const salvaged = new Set<string>();

  const take = (replica: ReplicaId, source: string, pack: Pack, cursor: Cursor): Promise<void> =>
    frontier.exclusive(async () => {
      // What others say of it may have come in meanwhile.
      const record = { ...records.get(replica), cursor, missingSince: null };
      const batch = inbox.toWrite(replica, source, pack);
      const moves = movesOf(replica, pack, isComplete);
      const moved = frontier.toWrite(moves);
      await disk.commit({
        put: { ...batch.put, ...moved.put, ...records.toPut(replica, record) },
        remove: [...batch.remove, ...moved.remove],
      });
      records.set(replica, record);
      frontier.apply(moves);
      for (const id of inbox.accept(batch)) arrived.add(id);
    });

  /** Into the inbox and nowhere else. */
  const takeAside = async (replica: ReplicaId, source: string, pack: Pack): Promise<void> => {
    const batch = inbox.toWrite(replica, source, pack);
    await disk.commit(batch);
    for (const id of inbox.accept(batch)) arrived.add(id);
  };

  /** No manifest names it, so nobody may rely on it: it is published, unless its owner or another reader does so first. */
  const salvage = async (replica: ReplicaId, source: string, pack: Pack): Promise<void> => {
    const name = `${replica}/${source}`;
    if (salvaged.has(name)) return;
    await takeAside(replica, source, pack);
    const ids = pack.documents.map(({ documentId }) => unpackDocumentId(documentId));
    // Marked once it is in the inbox: who looks before that finds nothing to publish, and cleans the mark.
    await dirty.markAll(ids, {}, clock.now() + world.random.uniform() * holdMsMax);
    salvaged.add(name);
  };

  /** Applied only when all that there is has come: half of a document's history is an old version of it. */
  const handOver = (): void => {
    const ids = [...arrived];
    arrived.clear();
    if (ids.length > 0) parts.received(ids);
  };

  /** Only a revoked document is worth the look: whether the publication by itself is all there is. */
  const isComplete = (id: DocumentId, { whole, heads, chunks }: PackedDocument): boolean => {
    if (!whole || !frontier.isRevoked(id)) return false;
    try {
      const hashes = heads.map((head) => bytesToHex(head));
      return withDocument(chunks, (doc) => hasAll(doc, hashes));
    } catch {
      return false;
    }
  };

  const missed = async (replica: ReplicaId): Promise<void> => {
    const record = records.get(replica);
    if (readUpTo(record.cursor) === 0) return;
    const { since, isLost } = afterLook(record.missingSince, "missing", clock.now());
    if (since !== record.missingSince)
      await records.save(replica, { ...record, missingSince: since });
    if (!isLost || !parts.askedOthersSince(since!)) return;
    if (!records.isAdopted(replica)) await parts.lost(replica);
    await records.save(replica, { ...record, cursor: startCursor, missingSince: null });
  };

  /** What a replica says of others. Under an id it fled from two have written: it is read once more, from the start. */
  const remember = async (
    { replica: own }: Bucket,
    replica: ReplicaId,
    { adopted, fledFrom, unreadable: complaints }: Manifest,
    unreadable: number | null,
  ): Promise<void> => {
    const record = records.get(replica);
    const known = [record.adopted, record.fledFrom, record.complaints, record.unreadable];
    const now = [adopted, fledFrom, complaints, unreadable];
    if (JSON.stringify(known) === JSON.stringify(now)) return;
    const fled = fledFrom.filter((id) => id !== own && !record.fledFrom.includes(id));
    for (const id of fled) {
      // What one of the two had published the other may have written over.
      await parts.lost(id);
      anew.add(id);
      await records.save(id, { ...records.get(id), cursor: startCursor });
    }
    // What lies in the bucket was taken over, and goes; but more had been read here than that.
    const outrun = adopted.filter(
      ({ replica: id, generation }) =>
        id !== own &&
        !record.adopted.some((other) => other.replica === id && other.generation === generation) &&
        readUpTo(records.get(id).cursor) > generation &&
        !records.isAdopted(id),
    );
    for (const { replica: id } of outrun) {
      await parts.lost(id);
      await records.save(id, { ...records.get(id), cursor: startCursor, missingSince: null });
    }
    await records.save(replica, { ...record, adopted, fledFrom, complaints, unreadable });
    if (unreadable !== record.unreadable) parts.complain();
    for (const id of fled) parts.changed(id);
  };

  const found = async (replica: ReplicaId): Promise<void> => {
    const record = records.get(replica);
    if (record.missingSince !== null)
      await records.save(replica, { ...record, missingSince: null });
  };

  return {
    readAnew: (replica) => void anew.add(replica),
    async read(bucket, replica, knownEtag) {
      const { cursor: before } = records.get(replica);
      const isAnew = anew.delete(replica);
      if (isAnew) salvaged.clear();
      // What was read says no less of whose line it was.
      const cursor = isAnew ? { ...startCursor, newest: before.newest } : before;
      const keep = (pack: Pack, next: Cursor, source: string): Promise<void> =>
        take(replica, source, pack, next);
      const etag = cursor.generation === 0 ? undefined : knownEtag;
      const reading: Reading = {
        tools,
        bucket,
        replica,
        cursor,
        knownEtag: etag,
        take: keep,
        forked: () => parts.lost(replica),
        salvage: (pack, source) => salvage(replica, source, pack),
      };
      const result = await readReplica(reading)
        .catch(async (error: unknown) => {
          if (isAnew) anew.add(replica);
          // A manifest that nobody can read is as good as none; a later version's is for others to read.
          if (isUnreadable(error) && error.code !== "unsupported-version") await missed(replica);
          throw error;
        })
        .finally(handOver);
      if (result.kind === "absent" || result.kind === "older") {
        if (isAnew) anew.add(replica);
        await missed(replica);
        return { etag: undefined, isPresent: result.kind === "older", isChanged: false };
      }
      await found(replica);
      if (result.kind === "unchanged")
        return { etag: result.etag, isPresent: true, isChanged: false };
      const { manifest, missing } = result;
      await remember(bucket, replica, manifest, missing?.generation ?? null);
      parts.heard(replica, manifest);
      if (missing !== null) throw missing.problem;
      return { etag: result.etag, isPresent: true, isChanged: true };
    },
    async readBack(bucket) {
      const { replica } = bucket;
      const reading: Reading = {
        tools,
        bucket,
        replica,
        cursor: startCursor,
        take: (pack, _cursor, source) => takeAside(replica, source, pack),
        salvage: (pack, source) => takeAside(replica, source, pack),
      };
      const result = await readReplica(reading).finally(handOver);
      if (result.kind === "news" && result.missing !== null) throw result.missing.problem;
    },
  };
}
