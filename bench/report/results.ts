/**
 * What a measure hands back, and how it is kept: `bench/results/<name>.json` has what is the same on every machine
 * apart from times, so that a difference in the first is a change of presync.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { rounded } from "./statistics.ts";
import type { Table } from "./table.ts";
import { checksTable, markdownTable } from "./table.ts";
import type { Check } from "./targets.ts";

export interface Outcome {
  readonly name: string;
  readonly title: string;
  /** Under which conditions; one sentence each. */
  readonly notes: readonly string[];
  readonly tables: readonly Table[];
  readonly checks: readonly Check[];
  /** The same on every machine. */
  readonly exact: unknown;
  /** Of this machine, at that moment. */
  readonly times: unknown;
  readonly plots?: Readonly<Record<string, string>>;
}

export const resultsDirectory: URL = new URL("../results/", import.meta.url);

export async function keepOutcome(outcome: Outcome): Promise<void> {
  const { name, title, notes, tables, checks, exact, times, plots = {} } = outcome;
  await mkdir(resultsDirectory, { recursive: true });
  const kept = { title, notes, exact, checks, tables, times };
  const json = JSON.stringify(kept, (_key, value: unknown) => calm(value), 2);
  await writeFile(new URL(`${name}.json`, resultsDirectory), `${json}\n`);
  for (const [file, svg] of Object.entries(plots))
    await writeFile(new URL(`${file}.svg`, resultsDirectory), svg);
}

export function printOutcome(outcome: Outcome): void {
  console.log(`\n${outcomeText(outcome, "##")}`);
}

/** As Markdown, below a heading. */
export function outcomeText(
  { title, notes, tables, checks }: Pick<Outcome, "title" | "notes" | "tables" | "checks">,
  heading: string,
): string {
  const parts = [`${heading} ${title}`, notes.map((note) => `- ${note}`).join("\n")];
  const all = checks.length === 0 ? tables : [...tables, checksTable(checks)];
  for (const table of all) parts.push(`**${table.title}**`, markdownTable(table));
  return parts.join("\n\n");
}

/** Whole numbers are exact; of others three digits are kept. */
function calm(value: unknown): unknown {
  return typeof value === "number" && !Number.isInteger(value) ? rounded(value) : value;
}
