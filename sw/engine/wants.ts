/**
 * Wants: documents of which a replica holds changes that build on others it cannot find, for over a day. It lists
 * them in its manifest, and whoever holds such a document publishes it whole. This heals what no one could foresee:
 * whichever publication was lost, somebody has the document.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { wantsMax } from "../../shared/codecs/manifest.ts";
import { packDocumentId, unpackDocumentId } from "./packing.ts";
import type { ReplicaDisk } from "./replica-disk.ts";
import type { World } from "./world.ts";

/** Until then it is likely that what is missing is only late. */
const wantAfterMs: number = 24 * 60 * 60 * 1000;

/** A want stays listed until its owner writes again: it is answered once in this time. */
const answerAgainMs: number = 24 * 60 * 60 * 1000;

/** Holders wait for each other: the first one to publish spares the rest the trouble. */
const answerSpreadMs = 120_000;

/** `answered/<document>`: when it was published for somebody who wanted it. */
const answeredPrefix = "answered/";

export interface Wants {
  /** What the own manifest lists. */
  list(): readonly Uint8Array[];
  /** Whether the own manifest lists something else than it should. */
  isOutdated(listed: readonly Uint8Array[]): boolean;
  /** Another replica wants these. */
  answer(wanted: readonly Uint8Array[]): Promise<void>;
}

export interface WantsParts {
  readonly world: World;
  readonly disk: ReplicaDisk;
  readonly waitingSince: ReadonlyMap<DocumentId, number>;
  readonly isHeld: (id: DocumentId) => Promise<boolean>;
  readonly revoke: (ids: readonly DocumentId[], heldUntil: number) => Promise<void>;
}

export function createWants({ world, disk, waitingSince, isHeld, revoke }: WantsParts): Wants {
  const { clock, random } = world;

  const wanted = (): DocumentId[] =>
    [...waitingSince]
      .filter(([, since]) => clock.now() - since > wantAfterMs)
      .map(([id]) => id)
      .slice(0, wantsMax);

  const list = (): readonly Uint8Array[] => wanted().map((id) => packDocumentId(id));

  return {
    list,
    isOutdated(listed) {
      const ids = new Set(wanted());
      const same = listed.filter((binary) => ids.has(unpackDocumentId(binary))).length;
      return same !== listed.length || same !== ids.size;
    },
    async answer(binaries) {
      const now = clock.now();
      const due: DocumentId[] = [];
      for (const binary of binaries) {
        const id = unpackDocumentId(binary);
        const answeredAt = (await disk.read(answeredPrefix + id)) as number | undefined;
        const isRecent = answeredAt !== undefined && Math.abs(now - answeredAt) < answerAgainMs;
        if (!isRecent && (await isHeld(id))) due.push(id);
      }
      if (due.length === 0) return;
      await revoke(due, now + random.uniform() * answerSpreadMs);
      await disk.commit({
        put: Object.fromEntries(due.map((id) => [answeredPrefix + id, now])),
      });
    },
  };
}
