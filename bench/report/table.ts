/** Tables, for the terminal and for Markdown alike. */
import type { Check } from "./targets.ts";

export interface Table {
  readonly title: string;
  readonly columns: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export function markdownTable({ columns, rows }: Table): string {
  const widths = columns.map((column, index) =>
    Math.max(column.length, ...rows.map((row) => (row[index] ?? "").length)),
  );
  // Figures stand to the right; the first column says what they are of.
  const pad = (cell: string, index: number): string =>
    index === 0 ? cell.padEnd(widths[index] ?? 0) : cell.padStart(widths[index] ?? 0);
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, index) => pad(cell, index)).join(" | ")} |`;
  const rule = widths.map((width, index) =>
    index === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`,
  );
  return [line(columns), line(rule), ...rows.map((row) => line(row))].join("\n");
}

export function checksTable(checks: readonly Check[]): Table {
  return {
    title: "Targets",
    columns: ["target", "measured", "at most", ""],
    rows: checks.map(({ what, measured, target, unit, holds }) => [
      what,
      `${figure(measured)} ${unit}`,
      `${figure(target)} ${unit}`,
      holds ? "holds" : `MISSED by ${figure((measured / target - 1) * 100)} %`,
    ]),
  };
}

/** Three digits are enough, and all of a whole number. */
export function figure(value: number): string {
  if (Number.isNaN(value)) return "-";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}

export function ratio(value: number): string {
  return Number.isNaN(value) ? "-" : `${figure(value)}x`;
}
