/**
 * `presync doctor`: asks a bucket everything that presync relies on, one question after the other, and says in plain
 * words what is wrong and how to mend it. It writes three small objects of fixed names, and nothing else; with `fix`
 * it also sets the bucket's CORS rules.
 */
import { checkConfig, type ServiceConfig } from "../../service/config.ts";
import { PresyncError } from "../../shared/errors.ts";
import { anonymousChecks } from "./anonymous.ts";
import { attackChecks } from "./attacks.ts";
import type { Bench, DoctorSettings, DoctorWorld } from "./bench.ts";
import { createBench } from "./bench.ts";
import type { Check, CheckId, Finding, Found, Outcome, Status } from "./check.ts";
import { error, ok, skipped, warning } from "./check.ts";
import { conditionChecks } from "./conditions.ts";
import { corsChecks } from "./cors-checks.ts";
import { setCorsRules } from "./cors-rules.ts";
import { grantChecks } from "./grants.ts";
import { housekeepingChecks } from "./housekeeping.ts";
import { leaveChecks } from "./leave.ts";
import type { StoreName } from "./profiles.ts";
import { profileOf } from "./profiles.ts";
import { reachChecks } from "./reach.ts";
import type { Report } from "./report.ts";
import { createReport } from "./report.ts";
import { rightsChecks } from "./rights.ts";
import { wallChecks } from "./walls.ts";
import { paceChecks } from "./write-interval.ts";

export interface DoctorOptions {
  readonly config: ServiceConfig;
  /** What the reading of the settings has found already. */
  readonly warnings: readonly string[];
  /** Guessed from the endpoint by default. */
  readonly storeName?: StoreName;
  readonly fix: boolean;
}

/** In this order: what others need comes first, and what is removed at the end is needed until then. */
const checks: readonly Check[] = [
  ...reachChecks,
  ...rightsChecks,
  ...conditionChecks,
  ...anonymousChecks,
  ...attackChecks,
  ...wallChecks,
  ...grantChecks,
  ...corsChecks,
  ...paceChecks,
  ...housekeepingChecks,
];

/** CORS rules take a moment to be heard of everywhere in a store. */
const corsPauseMs = 1000;
const corsAttemptsMax = 5;

/** Never rejects because of the bucket: what goes wrong is a finding. */
export async function examine(options: DoctorOptions, world: DoctorWorld): Promise<Report> {
  const { origins, store, grantSeconds } = checkConfig(options.config);
  const profile = profileOf(store.endpoint, options.storeName);
  const settings: DoctorSettings = { store, origins, grantSeconds, profile };
  const bench = createBench(settings, world);
  let findings = settingsFindings(options.warnings);
  findings = await runChecks(bench, checks, findings);
  if (options.fix) findings = await fixCors(bench, findings);
  findings = await runChecks(bench, leaveChecks, findings);
  return createReport(settings, findings);
}

function settingsFindings(warnings: readonly string[]): readonly Finding[] {
  const outcomes =
    warnings.length === 0
      ? [ok("the settings can be read")]
      : warnings.map((says) => warning(says, "Change the settings; `presync help` lists them."));
  return outcomes.map((outcome) => ({ check: "settings", ...outcome }));
}

async function runChecks(
  bench: Bench,
  list: readonly Check[],
  before: readonly Finding[],
): Promise<readonly Finding[]> {
  const findings = [...before];
  const found = foundIn(findings);
  // Each by itself: some ask what others leave behind, and a store counts how often a key is written.
  for (const check of list)
    for (const outcome of await outcomesOf(bench, check, found))
      findings.push({ check: check.id, ...outcome });
  return findings;
}

async function outcomesOf(bench: Bench, check: Check, found: Found): Promise<readonly Outcome[]> {
  const obstacle = check.needs.find((each) => ["error", "skipped"].includes(found(each)));
  if (obstacle !== undefined) return [skipped(`cannot be checked because of ${obstacle}`)];
  try {
    return [await check.run(bench, found)].flat();
  } catch (cause) {
    return [noAnswer(bench, cause)];
  }
}

function noAnswer({ store }: Bench, cause: unknown): Outcome {
  if (cause instanceof PresyncError && cause.code === "retry")
    return error(cause.message, "Look at the store's own log or status page, and try again.");
  const code = cause instanceof Error ? ((cause as NodeJS.ErrnoException).code ?? cause.name) : "";
  return error(
    `${store.endpoint} gives no answer (${code})`,
    "Check PRESYNC_ENDPOINT, that the store runs, that this machine reaches it, and its certificate.",
  );
}

const severities: readonly Status[] = ["ok", "note", "warning", "skipped", "error"];

function foundIn(findings: readonly Finding[]): Found {
  return (check: CheckId) => {
    const statuses = findings.filter((each) => each.check === check).map(({ status }) => status);
    return severities.findLast((each) => statuses.includes(each)) ?? "skipped";
  };
}

async function fixCors(bench: Bench, findings: readonly Finding[]): Promise<readonly Finding[]> {
  const found = foundIn(findings);
  if (!needsCors(found)) return findings;
  const [outcome] = await outcomesOf(
    bench,
    { id: "cors.fix", needs: [], run: setCorsRules },
    found,
  );
  if (outcome === undefined) return findings;
  const fix: Finding = { check: "cors.fix", ...outcome };
  if (fix.status !== "ok") return [...findings, fix];
  const rest = findings.filter(({ check }) => !corsChecks.some(({ id }) => id === check));
  for (let attempt = 1; ; attempt++) {
    const checked = await runChecks(bench, corsChecks, [...rest, fix]);
    if (!needsCors(foundIn(checked)) || attempt === corsAttemptsMax) return checked;
    await bench.pause(corsPauseMs);
  }
}

/** A rule that lets everybody in is somebody's decision, and not overwritten. */
function needsCors(found: Found): boolean {
  return corsChecks.some(
    ({ id }) => id !== "cors.foreign" && ["error", "warning"].includes(found(id)),
  );
}
