/**
 * XML character data, for the few small documents of the S3 wire.
 */

/** Control characters are escaped too: a key may contain a line feed, and it must come back as one. */
export function escapeXml(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/[<>&"'\u0000-\u001f]/g, (char) => `&#${char.charCodeAt(0)};`);
}

const namedEntities: Readonly<Record<string, string>> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
};

/** The inverse of `escapeXml`, for the few documents the store reads. Unknown entities stay as they are. */
export function unescapeXml(text: string): string {
  return text.replace(
    /&(?:#x([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([a-z]+));/g,
    (whole, hex, dec, name) => {
      if (name !== undefined) return namedEntities[String(name)] ?? whole;
      const point =
        hex === undefined ? Number.parseInt(String(dec), 10) : Number.parseInt(String(hex), 16);
      return point <= 0x10ffff ? String.fromCodePoint(point) : whole;
    },
  );
}
