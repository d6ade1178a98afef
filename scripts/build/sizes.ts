/** What ships, and how large it is: raw, and as servers compress it. */
import { readFile } from "node:fs/promises";
import { brotliCompressSync, gzipSync } from "node:zlib";

export interface Size {
  readonly file: string;
  readonly raw: number;
  readonly gzip: number;
  readonly brotli: number;
}

export async function sizesOf(directory: string, files: readonly string[]): Promise<Size[]> {
  return Promise.all(
    files.map(async (file) => {
      const bytes = await readFile(`${directory}/${file}`);
      const gzip = gzipSync(bytes, { level: 9 }).length;
      return { file, raw: bytes.length, gzip, brotli: brotliCompressSync(bytes).length };
    }),
  );
}

export function sizeTable(sizes: readonly Size[]): string {
  const cells = sizes.map(({ file, raw, gzip, brotli }) => [
    file,
    kilo(raw),
    kilo(gzip),
    kilo(brotli),
  ]);
  const rows = [["kB", "raw", "gzip", "brotli"], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!),
        )
        .join("  "),
    )
    .join("\n");
}

function kilo(bytes: number): string {
  return (bytes / 1000).toFixed(1);
}
