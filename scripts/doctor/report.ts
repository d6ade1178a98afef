/** What the doctor says: a line for each finding, what to do about it, and what to paste; or one JSON object. */
import type { DoctorSettings } from "./bench.ts";
import { bucketPolicy, userPolicies } from "./bucket-policy.ts";
import type { Finding, Status } from "./check.ts";
import { corsAdvice, corsDocument } from "./cors-rules.ts";

export interface Report {
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The store, as far as it is known. */
  readonly store: string;
  readonly counts: Readonly<Record<Status, number>>;
  readonly findings: readonly Finding[];
  /** What to paste, where that is what is wrong. */
  readonly paste: readonly Paste[];
}

interface Paste {
  readonly what: "cors" | "policy";
  readonly advice: string;
  readonly json: unknown;
}

/** Wide enough for every status and a space. */
const statusColumn = 9;

export function createReport(settings: DoctorSettings, findings: readonly Finding[]): Report {
  const { store, profile } = settings;
  const counts: Record<Status, number> = { ok: 0, note: 0, warning: 0, error: 0, skipped: 0 };
  for (const { status } of findings) counts[status] += 1;
  const wanted = new Set(findings.map(({ paste }) => paste));
  const paste = [
    ...(wanted.has("cors") ? [corsPaste(settings)] : []),
    ...(wanted.has("policy") ? policyPastes(settings) : []),
  ];
  const { endpoint, region, bucket } = store;
  return { endpoint, region, bucket, store: profile.title, counts, findings, paste };
}

function corsPaste(settings: DoctorSettings): Paste {
  return { what: "cors", advice: corsAdvice(settings), json: corsDocument(settings) };
}

function policyPastes({ store, profile }: DoctorSettings): readonly Paste[] {
  if (profile.policy === "none") return [];
  if (profile.policy === "user-policies")
    return Object.entries(userPolicies(store.bucket)).map(([role, json]) => ({
      what: "policy",
      advice: `The policy of the ${role} key:`,
      json,
    }));
  const users = {
    owner: "<id of the admin key's user>",
    reader: "<id of the read key's user>",
    writer: "<id of the write key's user>",
  };
  const advice = "The bucket's policy, with the ids of your users in it:";
  return [{ what: "policy", advice, json: bucketPolicy(store.bucket, users) }];
}

export function reportText(report: Report): string {
  const { endpoint, bucket, store, counts, findings, paste } = report;
  const lines = runsOf(findings).flatMap((run) =>
    run.length > skippedMax
      ? [`${"skipped".padEnd(statusColumn)}${run.length} checks: not possible because of the above`]
      : run.flatMap(findingLines),
  );
  const pasted = paste.flatMap(({ advice, json }) => [
    "",
    advice,
    JSON.stringify(json, undefined, 2),
  ]);
  return [
    `bucket ${bucket} at ${endpoint} (${store})`,
    "",
    ...lines,
    ...pasted,
    "",
    `${plural(counts.error, "error")}, ${plural(counts.warning, "warning")}, ${counts.skipped} skipped, ` +
      `${counts.ok + counts.note} in order`,
  ].join("\n");
}

/** A bucket that is not there makes all that follows impossible: nobody wants to read that forty times. */
const skippedMax = 3;

/** Findings that were skipped one after the other stand together, every other one stands alone. */
function runsOf(findings: readonly Finding[]): Finding[][] {
  const runs: Finding[][] = [];
  for (const finding of findings) {
    const last = runs.at(-1);
    if (finding.status === "skipped" && last?.[0]?.status === "skipped") last.push(finding);
    else runs.push([finding]);
  }
  return runs;
}

function findingLines({ status, check, says, mend }: Finding): string[] {
  const line = `${status.padEnd(statusColumn)}${check}: ${says}`;
  return mend === undefined ? [line] : [line, `${" ".repeat(statusColumn)}-> ${mend}`];
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}
