/** One file of a tar archive (POSIX.1-1988, "ustar"): a header of 512 bytes, and the content in blocks of 512. */

const blockBytes = 512;

/** The name has at most 100 ASCII letters. */
export function tarEntry(name: string, content: Blob): BlobPart[] {
  const header = new Uint8Array(blockBytes);
  const write = (offset: number, text: string): void =>
    header.set(new TextEncoder().encode(text), offset);
  write(0, name);
  write(100, octal(0o644, 7));
  write(108, octal(0, 7));
  write(116, octal(0, 7));
  write(124, octal(content.size, 11));
  write(136, octal(Math.floor(Date.now() / 1000), 11));
  // The checksum counts itself as spaces.
  write(148, " ".repeat(8));
  write(156, "0");
  write(257, "ustar\u000000");
  const sum = header.reduce((before, byte) => before + byte, 0);
  write(148, `${octal(sum, 6)}\0`);
  const paddingBytes = -content.size & (blockBytes - 1);
  return [header, content, new Uint8Array(paddingBytes)];
}

function octal(value: number, digits: number): string {
  return value.toString(8).padStart(digits, "0");
}
