/**
 * Reads an answer of ListObjectsV2. No XML parser: the answer is flat, our own keys need no escaping, and an
 * entry that does not read as expected is not one of ours and is left out.
 */

export interface ListPage {
  readonly objects: {
    readonly key: string;
    readonly lastModified: number;
    readonly bytes: number;
    /** Empty where the store does not say. */
    readonly etag: string;
  }[];
  readonly nextToken: string | undefined;
}

const entities: Readonly<Record<string, string>> = {
  "&amp;": "&",
  "&lt;": "<",
  "&gt;": ">",
  "&quot;": '"',
  "&apos;": "'",
};

/** Undefined where the text is no such answer at all. */
export function listPage(xml: string): ListPage | undefined {
  if (!/<ListBucketResult[\s>]/.test(xml)) return undefined;
  const objects = [...xml.matchAll(/<Contents>(.*?)<\/Contents>/gs)].flatMap(([, entry = ""]) => {
    const key = textOf(entry, "Key");
    const lastModified = Date.parse(textOf(entry, "LastModified") ?? "");
    if (key === undefined || Number.isNaN(lastModified)) return [];
    const size = textOf(entry, "Size") ?? "";
    return [
      {
        key,
        lastModified,
        bytes: /^\d{1,15}$/.test(size) ? Number(size) : 0,
        etag: textOf(entry, "ETag") ?? "",
      },
    ];
  });
  const truncated = textOf(xml, "IsTruncated") === "true";
  return { objects, nextToken: truncated ? textOf(xml, "NextContinuationToken") : undefined };
}

function textOf(xml: string, tag: string): string | undefined {
  const open = `<${tag}>`;
  const start = xml.indexOf(open);
  const end = xml.indexOf(`</${tag}>`, start);
  if (start < 0 || end < 0) return undefined;
  return xml
    .slice(start + open.length, end)
    .replaceAll(/&(?:amp|lt|gt|quot|apos);/g, (entity) => entities[entity] ?? entity);
}
