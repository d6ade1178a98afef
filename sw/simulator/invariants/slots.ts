/** The objects of a replica: how many, in which order, and which may be written over. */
import type { Manifest } from "../../../shared/codecs/manifest.ts";
import { segmentName } from "../../../shared/keys.ts";
import { groupBy } from "../group-by.ts";
import type { Observed, Write } from "../observed.ts";
import type { Invariant } from "./invariant.ts";

/** A merged segment stays listed until its slot is reused, at each level; and a small one has its overhead. */
const bytesFactorMax = 12;
const bytesFree = 40_000;

/** I5. */
export const objectsAreBounded: Invariant = {
  name: "I5",
  judge: ({ prefixes }) =>
    prefixes.flatMap(({ replica, objects, objectsMax, bytes, compacted, isOwned }) => {
      const bytesMax = bytesFree + bytesFactorMax * compacted;
      return [
        ...(objects > objectsMax ? [`${replica} has ${objects} objects of ${objectsMax}`] : []),
        ...(isOwned && bytes > bytesMax ? [`${replica} has ${bytes} bytes for ${compacted}`] : []),
      ];
    }),
};

/** Each writer's writes, in the order in which they were asked for. */
function byWriter({ writes }: Observed): Write[][] {
  const grouped = groupBy(writes, ({ device, replica }) => `${device} ${replica}`);
  return [...grouped.values()];
}

/** I6: a writer's generations grow with everything new it writes, and each names one content. */
export const generationsNeverFall: Invariant = {
  name: "I6 generations",
  judge: (observed) =>
    byWriter(observed).flatMap((writes) => {
      const wrong: string[] = [];
      const contents = new Map<number, string>();
      let newest = 0;
      for (const { generation, fingerprint, life, name } of writes) {
        const known = contents.get(generation);
        if (known !== undefined && known !== fingerprint)
          wrong.push(`${life} gave generation ${generation} of ${name} to two contents`);
        if (known === undefined && generation <= newest)
          wrong.push(`${life} issued generation ${generation} of ${name} after ${newest}`);
        contents.set(generation, fingerprint);
        newest = Math.max(newest, generation);
      }
      return wrong;
    }),
};

/**
 * I6, in the end: what lies in the bucket is what was acknowledged last, however late a PUT landed. A clone that has
 * written nothing itself continues what the other has written.
 */
export const manifestsAreRepaired: Invariant = {
  name: "I6 repair",
  judge: ({ manifestsAtEnd }) =>
    manifestsAtEnd
      .filter(({ acknowledged, inBucket }) => acknowledged > 0 && acknowledged !== inBucket)
      .map(
        ({ device, replica, acknowledged, inBucket }) =>
          `${device} has written generation ${acknowledged} of ${replica}, the bucket has ${inBucket}`,
      ),
};

/** When somebody else last had his hand on an object, up to then. */
function tamperedAt(
  { tamperings, signerNamespace }: Observed,
  { replica }: Write,
  name: string,
  until: number,
): number {
  const key = `${signerNamespace}/${replica}/${name}`;
  const found = tamperings.findLast((tampering) => tampering.key === key && tampering.at <= until);
  return found?.at ?? Number.NEGATIVE_INFINITY;
}

/**
 * A slot with a PUT of unknown fate is not written again for a while; a clock that is put forward meanwhile ends that.
 * What is lost then is complained of, and published again.
 */
function isWaitCutShort(
  { putForward }: Observed,
  { device, requestedAt }: Write,
  landed: number,
): boolean {
  return putForward.some(
    (change) => change.device === device && change.at >= requestedAt && change.at <= landed,
  );
}

/** I6: a manifest names only slots that hold what it says, as far as its writer had it in hand. */
export const manifestsTellTheTruth: Invariant = {
  name: "I6 slots",
  judge: (observed) =>
    byWriter(observed).flatMap((writes) =>
      writes.flatMap((write) => {
        const { manifest, requestedAt, life, generation } = write;
        return (manifest?.slots ?? []).flatMap((range) => {
          const name = segmentName(range.level, range.slot);
          const landed = observed.writes
            .filter((other) => other.replica === write.replica && other.name === name)
            .flatMap((other) => other.effects.map((at) => ({ at, other })))
            .filter(({ at }) => at <= requestedAt)
            .toSorted((a, b) => a.at - b.at)
            .at(-1);
          if (landed !== undefined && landed.other.device !== write.device) return [];
          if (tamperedAt(observed, write, name, requestedAt) > (landed?.at ?? 0)) return [];
          if (landed !== undefined && isWaitCutShort(observed, landed.other, landed.at)) return [];
          const holds = landed?.other.range;
          const isTrue =
            landed?.other.generation === range.generation &&
            holds !== undefined &&
            holds !== null &&
            holds.first <= range.first &&
            holds.last >= range.last;
          return isTrue
            ? []
            : [
                `${life}: manifest ${generation} names ${name} as generation ${range.generation}, it holds ${landed?.other.generation ?? "nothing"}`,
              ];
        });
      }),
    ),
};

/**
 * I7. A manifest needs a slot unless another segment that it names, of a higher generation, contains its range. Judged
 * whenever a write takes effect, late ones included: by what its writer has issued since its last acknowledged manifest.
 */
export const neededSlotsStay: Invariant = {
  name: "I7",
  judge: (observed) =>
    byWriter(observed).flatMap((writes) => {
      const manifests = writes.filter(({ manifest }) => manifest !== null);
      return writes
        .filter(({ range }) => range !== null)
        .flatMap((write) =>
          write.effects.flatMap((at) => {
            const acknowledged = manifests.findLast(
              ({ acknowledgedAt }) => acknowledgedAt !== null && acknowledgedAt <= at,
            );
            const needing = manifests.find(
              ({ requestedAt, generation, manifest }) =>
                requestedAt <= at &&
                generation >= (acknowledged?.generation ?? 0) &&
                needs(manifest!, write) &&
                tamperedAt(observed, write, write.name, at) < requestedAt &&
                !isWaitCutShort(observed, write, at),
            );
            if (needing === undefined) return [];
            return [
              `${write.life}: ${write.name} was overwritten by generation ${write.generation}, manifest ${needing.generation} needs what was there`,
            ];
          }),
        );
    }),
};

function needs({ slots }: Manifest, { name, generation }: Write): boolean {
  const range = slots.find(({ level, slot }) => segmentName(level, slot) === name);
  if (range === undefined || range.generation === generation) return false;
  return !slots.some(
    (other) =>
      other !== range &&
      other.generation > range.generation &&
      other.first <= range.first &&
      other.last >= range.last,
  );
}

/** Writing, rule 3: what was written last is acknowledged, or found in the bucket, before anything new is written. */
export const oneWriteOutstanding: Invariant = {
  name: "one write outstanding",
  judge: (observed) =>
    byWriter(observed).flatMap((writes) => {
      const wrong: string[] = [];
      for (const [index, write] of writes.entries()) {
        const before = writes[index - 1];
        if (before === undefined || before.fingerprint === write.fingerprint) continue;
        const isSettled = writes.some(
          ({ fingerprint, acknowledgedAt }) =>
            fingerprint === before.fingerprint &&
            acknowledgedAt !== null &&
            acknowledgedAt <= write.requestedAt,
        );
        const isFound = observed.requests.some(
          ({ method, key, device, at, outcome }) =>
            method === "GET" &&
            outcome === "ok" &&
            device === write.device &&
            at > before.requestedAt &&
            at < write.requestedAt &&
            key.endsWith(`${write.replica}/${before.name}`) &&
            before.effects.some((effect) => effect <= at),
        );
        if (!isSettled && !isFound)
          wrong.push(
            `${write.life} writes ${write.name} ${write.generation} while ${before.name} ${before.generation} is open`,
          );
      }
      return wrong;
    }),
};

/** An incarnation's first write comes after it has looked at its own manifest: it may be a clone, or restored. */
export const looksBeforeItWrites: Invariant = {
  name: "own manifest first",
  judge: ({ writes, requests, signerNamespace }) => {
    const seen = new Set<string>();
    return writes.flatMap(({ life, replica, requestedAt }) => {
      if (seen.has(life)) return [];
      seen.add(life);
      const key = `${signerNamespace}/${replica}/manifest`;
      const hasLooked = requests.some(
        (request) =>
          request.life === life &&
          request.method === "GET" &&
          request.key === key &&
          request.outcome === "ok" &&
          request.answeredAt! <= requestedAt,
      );
      return hasLooked ? [] : [`${life} wrote below ${replica} without having looked`];
    });
  },
};

/**
 * In the end no two devices write below one prefix: of two clones one has fled. Clones that have written nothing since
 * they parted, or only repeated the same open write, have nothing to flee from yet.
 */
export const oneOwnerEach: Invariant = {
  name: "one owner each",
  judge: ({ manifestsAtEnd }) => {
    const owners = manifestsAtEnd.filter(({ fingerprint }) => fingerprint !== null);
    return [...groupBy(owners, ({ replica }) => replica)]
      .filter(([, same]) => new Set(same.map(({ fingerprint }) => fingerprint)).size > 1)
      .map(
        ([replica, same]) =>
          `${replica} belongs to ${same.map(({ device }) => device).join(" and ")}`,
      );
  },
};
