/**
 * Planted bugs: each breaks one rule of the protocol, and the simulator must catch it. The text to be replaced is kept
 * short, because it must stand in its file exactly once, and the engine changes.
 */
export interface Mutant {
  readonly name: string;
  readonly file: string;
  /** Stands in the file exactly once. */
  readonly find: string;
  readonly replace: string;
  /** The rule that is broken. */
  readonly why: string;
}

const engine = "sw/engine";

export const mutants: readonly Mutant[] = [
  {
    name: "dirty mark dropped before the ack",
    file: `${engine}/publisher.ts`,
    find: "const news = await collector.collect(bucket.replica);",
    replace: `const news = await collector.collect(bucket.replica);
    await dirty.clean(news.moves.map(({ id }) => id), marks);`,
    why: "a mark leaves only in the transaction that records the acknowledgement",
  },
  {
    name: "dirty mark set after the save",
    file: `${engine}/guarded-storage.ts`,
    find: `await dirty.mark(id);
        await inner.save(key, data);`,
    replace: `await inner.save(key, data);
        await dirty.mark(id);`,
    why: "a document is marked before any of its changes is stored",
  },
  {
    name: "mark of an edit during a flush dropped",
    file: `${engine}/dirty-set.ts`,
    find: "if (mark !== undefined && mark.version === snapshot.get(id)) cleaned.set(id, mark);",
    replace: "if (mark !== undefined) cleaned.set(id, mark);",
    why: "an acknowledgement cleans no mark that came after its publication was computed",
  },
  {
    name: "slot reused too early",
    file: `${engine}/publisher.ts`,
    find: "const used = [...(manifest?.slots ?? []), ...(merged === null ? [] : [merged.range])];",
    replace: "const used = slotsNow(false);",
    why: "a slot is free only when no manifest since the last acknowledged one needs it",
  },
  {
    name: "quarantine ignored",
    file: `${engine}/slots.ts`,
    find: "const awaited = (quarantine[slotKey({ level, slot })] ?? 0) > now;",
    replace: "const awaited = quarantine === undefined || now < 0;",
    why: "a slot with a PUT of unknown fate is not used for 15 minutes",
  },
  {
    name: "frontier moved without acknowledgement",
    file: `${engine}/publisher.ts`,
    find: "const cleaned = [...news.settled, ...moves.map(({ id }) => id)];",
    replace: `const cleaned = [...news.settled, ...moves.map(({ id }) => id)];
    frontier.apply(moves);`,
    why: "only our acknowledged manifest, or what was read from the bucket, moves the frontier",
  },
  {
    name: "own manifest not polled",
    file: `${engine}/poller.ts`,
    find: "peers = [ownPeer, ...listed];",
    replace: "peers = listed.filter((peer) => peer !== ownPeer);",
    why: "the own manifest is polled like the others",
  },
  {
    name: "own manifest not verified at start",
    file: `${engine}/publisher.ts`,
    find: "if (!isVerified) await verify(bucket);",
    replace: "if (!isVerified) isVerified = verify !== undefined;",
    why: "a restored profile looks before it writes",
  },
  {
    name: "two writes outstanding",
    file: `${engine}/publisher.ts`,
    find: `await finish(bucket);
    const marks`,
    replace: "const marks",
    why: "the journalled write is finished before anything new is computed",
  },
  {
    name: "journal forgotten at restart",
    file: `${engine}/publisher.ts`,
    find: "if (journal !== null) journal = { ...journal, doubtful: true };",
    replace: "journal = null;",
    why: "what was journalled is repeated after a restart, before anything new is written",
  },
  {
    name: "inbox entry dropped before stored",
    file: `${engine}/inbox.ts`,
    find: "if (handle.isReady() && (await documents.store(handle)) === undefined) return applyOnce(handle);",
    replace: "",
    why: "an entry leaves the inbox when the Repo has stored everything in it",
  },
  {
    name: "cursor moved without inbox",
    file: `${engine}/poller.ts`,
    find: "put: { ...entries, ...frontier.toPut(moves), ...cursorEntry },",
    replace: "put: { ...frontier.toPut(moves), ...cursorEntry, ...(entries === null ? {} : {}) },",
    why: "cursor and inbox move in one transaction",
  },
  {
    name: "ack before the disk has it",
    file: `${engine}/documents.ts`,
    find: "await repo.flush([handle.documentId]);",
    replace: "void repo.flush([handle.documentId]);",
    why: "what is called stored is on the disk",
  },
  {
    name: "malformed object stops the poller",
    file: `${engine}/poller.ts`,
    find: "peer.failures++;",
    replace: `peer.failures++;
      if (toErrorData(error).code === "malformed") closed = true;`,
    why: "one poisoned object never blocks the rest",
  },
  {
    name: "generation reused",
    file: `${engine}/publisher.ts`,
    find: `const generation = stored.issued + 1;
    const body = encodeManifest({`,
    replace: `const generation = stored.acknowledged + 1;
    const body = encodeManifest({`,
    why: "issued generations never fall",
  },
  {
    name: "hash not checked",
    file: "shared/codecs/envelope.ts",
    find: "if (actual.some((byte, index) => hash[index] !== byte))",
    replace: "if (actual.length !== hash.length)",
    why: "a reader trusts nothing",
  },
  {
    name: "clone not fled",
    file: `${engine}/publisher.ts`,
    find: 'if (!isKnown || expected === null) return "foreign";',
    replace: 'if (!isKnown || expected === null) return "ours";',
    why: "who finds another's manifest under its id takes a new one",
  },
  {
    name: "incarnation guard removed",
    file: `${engine}/replica-disk.ts`,
    find: `        disk.commit({ ...batch, guard: { key: incarnationKey, value: incarnation } }),
      commitUnguarded: (batch) => disk.commit(batch),
      isCurrent: async () => (await disk.read(incarnationKey)) === incarnation,`,
    replace: `        disk.commit(batch),
      commitUnguarded: (batch) => disk.commit(batch),
      isCurrent: async () => true,`,
    why: "an incarnation that finds a higher one stops",
  },
  {
    name: "unfounded doc-unavailable",
    file: `${engine}/engine.ts`,
    find: "if (bucket !== null && !poller.complete) return;",
    replace: "",
    why: "nobody is told that there is no such document before everybody was asked",
  },
  {
    name: "reused slot accepted",
    file: `${engine}/reader.ts`,
    find: `if (envelope.generation !== generation) return undefined;
  const segment = await named(key, () => decodeSegment(envelope.body));
  if (segment.replica !== replica)
    throw new PresyncError("malformed", "a segment of another replica", { key });
  if (segment.pack.first !== first || segment.pack.last !== last)
    throw new PresyncError("malformed", "a segment with another range than its manifest says", {
      key,
    });`,
    replace: `const segment = await named(key, () => decodeSegment(envelope.body));
  if (generation < 0 || first < 0 || last < 0) return undefined;`,
    why: "a segment of another range than promised is not what the manifest meant",
  },
  {
    name: "secret in a problem",
    file: `${engine}/problems.ts`,
    find: "const { code, key } = toErrorData(error);",
    replace: `const { code } = toErrorData(error);
      const key = String((error as Error).cause);`,
    why: "no signature in any error or status",
  },
  {
    name: "failing reads without back-off",
    file: `${engine}/poll-interval.ts`,
    find: "const backedOff = quiet * 2 ** Math.min(failures, 10);",
    replace: "const backedOff = failures < 0 ? 0 : quiet;",
    why: "no identical failing request without a growing pause",
  },
  {
    name: "failing writes without back-off",
    file: `${engine}/flush-loop.ts`,
    find: "retryAt = clock.now() + backoff.next(random.uniform());",
    replace: "retryAt = clock.now() + 0 * backoff.next(random.uniform());",
    why: "no identical failing request without a growing pause",
  },
];
