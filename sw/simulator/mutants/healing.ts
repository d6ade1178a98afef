/** Bugs in how what was lost comes back. */
import type { Mutant } from "./mutant.ts";
import { engine } from "./mutant.ts";

export const healingMutants: readonly Mutant[] = [
  {
    name: "lost source not replaced",
    file: `${engine}/peer-reader.ts`,
    find: "if (!records.isAdopted(replica)) await parts.lost(replica);",
    replace: "",
    why: "L-2: what a lost source had published is revoked",
    caughtBy: { scenarios: ["replaced once"] },
  },
  {
    name: "every publication taken for complete",
    file: `${engine}/peer-reader.ts`,
    find: "if (!whole || !frontier.isRevoked(id)) return false;",
    replace: "if (whole || id !== undefined) return true;",
    why: "FR-5: a revoked document takes entries from complete publications alone",
    caughtBy: { scenarios: ["incomplete replacement"] },
  },
  {
    name: "own segments not looked at after the own manifest was stale",
    file: `${engine}/publisher.ts`,
    find: "await writer.remember({ auditDue: true });",
    replace: "",
    why: "O-3, S-9: whose manifest was missing or stale looks at its segments",
    caughtBy: { scenarios: ["deleted prefix"] },
  },
  {
    name: "lost segments named no more at once",
    file: `${engine}/merger.ts`,
    find: "await publisher.revoke(await frontier.publishedBy(bucket.replica));",
    replace: "",
    why: "S-9: what a lost segment held is published anew",
    caughtBy: { scenarios: ["deleted prefix"] },
  },
  {
    name: "complaints ignored by the owner",
    file: `${engine}/engine.ts`,
    find: "if (complaint !== undefined && bucket !== null)",
    replace: "if (complaint !== undefined && bucket !== null && isClosed)",
    why: "S-9: the owner of a segment that others cannot read looks at it",
    caughtBy: { scenarios: ["complained of"] },
  },
  {
    name: "id fled from not read anew",
    file: `${engine}/peer-reader.ts`,
    find: "for (const id of fled) {",
    replace: "for (const id of fled.slice(fled.length)) {",
    why: "O-5: under an id that was fled from two have written",
    caughtBy: { scenarios: ["id fled from"] },
  },
  {
    name: "other line of incarnations not noticed",
    file: `${engine}/reader.ts`,
    find: "if (cursor.newest !== null && isOfOtherLine(cursor.newest, manifest)) {",
    replace:
      "if (cursor.newest !== null && isOfOtherLine(cursor.newest, manifest) && generation < 0) {",
    why: "O-5: two who write under one id are noticed by who reads both",
    caughtBy: { scenarios: ["other line"] },
  },
  {
    name: "line of a manifest not looked at",
    file: `${engine}/line.ts`,
    find: "if (stretch !== undefined)",
    replace: "if (stretch !== undefined && stretch.from < 0)",
    why: "O-5: which of two lines is the later one, the count of starts does not tell",
    caughtBy: { scenarios: ["hidden fork"] },
  },
  {
    name: "published documents left clean under a new id",
    file: `${engine}/change-replica.ts`,
    find: "[dirtyKey(id), true],",
    replace: "",
    why: "O-4: under a new id every document that was published is dirty",
    caughtBy: { scenarios: ["written over"] },
  },
  {
    name: "wants not answered",
    file: `${engine}/engine.ts`,
    find: "wants.answer(manifest.wants).catch(onInternal);",
    replace: "",
    why: "WA-2: who holds what somebody wants publishes it whole",
    caughtBy: { scenarios: ["wanted change"] },
  },
];
