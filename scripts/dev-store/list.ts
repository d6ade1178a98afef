/**
 * ListObjectsV2: one page of the sorted keys, grouped by delimiter. Pure. A page continues after the last key it
 * looked at, so pages never overlap, and a key that stays put during a listing is listed exactly once.
 */
import { S3Error } from "./errors.ts";
import type { ObjectRecord } from "./object-file.ts";
import { queryOf, type S3Request } from "./request.ts";
import { compareUtf8, encodeRfc3986 } from "./text.ts";
import { escapeXml } from "./xml.ts";

/** S3 never puts more on one page. */
const PAGE_KEYS_MAX = 1000;

/** The query parameters of ListObjectsV2 that the store understands. */
export const listParameters: ReadonlySet<string> = new Set([
  "list-type",
  "prefix",
  "delimiter",
  "max-keys",
  "start-after",
  "continuation-token",
  "encoding-type",
  "fetch-owner",
]);

export interface Listable {
  /** In the order of their UTF-8 bytes. */
  readonly keys: readonly string[];
  get(key: string): ObjectRecord | undefined;
}

interface ListQuestion {
  readonly prefix: string;
  readonly delimiter: string;
  readonly maxKeys: number;
  readonly after: string;
}

interface ListPage {
  readonly objects: readonly ObjectRecord[];
  readonly commonPrefixes: readonly string[];
  /** The last key looked at, when there is more. */
  readonly nextAfter: string | undefined;
}

export function listObjectsXml(bucketName: string, bucket: Listable, request: S3Request): string {
  if (queryOf(request, "list-type") !== "2") {
    throw new S3Error("NotImplemented", "Of the listings, only list-type=2 is there.");
  }
  const encoding = queryOf(request, "encoding-type");
  if (encoding !== undefined && encoding !== "url")
    throw new S3Error("InvalidArgument", "encoding-type is url.");
  const token = queryOf(request, "continuation-token");
  const startAfter = queryOf(request, "start-after");
  const question: ListQuestion = {
    prefix: queryOf(request, "prefix") ?? "",
    delimiter: queryOf(request, "delimiter") ?? "",
    maxKeys: parseMaxKeys(queryOf(request, "max-keys")),
    after: token === undefined ? (startAfter ?? "") : parseToken(token),
  };
  const page = listPage(bucket, question);
  // encoding-type=url keeps the slash readable, as S3 does.
  const text = (value: string): string =>
    encoding === "url" ? encodeRfc3986(value).replaceAll("%2F", "/") : escapeXml(value);
  return [
    `<?xml version="1.0" encoding="UTF-8"?>\n<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`,
    `<Name>${escapeXml(bucketName)}</Name><Prefix>${text(question.prefix)}</Prefix>`,
    optional("Delimiter", question.delimiter === "" ? undefined : text(question.delimiter)),
    optional("EncodingType", encoding),
    optional("StartAfter", startAfter === undefined ? undefined : text(startAfter)),
    optional("ContinuationToken", token === undefined ? undefined : escapeXml(token)),
    `<MaxKeys>${question.maxKeys}</MaxKeys>`,
    `<KeyCount>${page.objects.length + page.commonPrefixes.length}</KeyCount>`,
    `<IsTruncated>${page.nextAfter !== undefined}</IsTruncated>`,
    optional(
      "NextContinuationToken",
      page.nextAfter === undefined ? undefined : makeToken(page.nextAfter),
    ),
    ...page.objects.map(
      (object) =>
        `<Contents><Key>${text(object.key)}</Key>` +
        `<LastModified>${new Date(object.modifiedMs).toISOString()}</LastModified>` +
        `<ETag>&quot;${object.md5}&quot;</ETag><Size>${object.size}</Size>` +
        `<StorageClass>STANDARD</StorageClass></Contents>`,
    ),
    ...page.commonPrefixes.map(
      (prefix) => `<CommonPrefixes><Prefix>${text(prefix)}</Prefix></CommonPrefixes>`,
    ),
    `</ListBucketResult>`,
  ].join("");
}

function optional(name: string, value: string | undefined): string {
  return value === undefined ? "" : `<${name}>${value}</${name}>`;
}

function listPage(bucket: Listable, { prefix, delimiter, maxKeys, after }: ListQuestion): ListPage {
  const { keys } = bucket;
  const objects: ObjectRecord[] = [];
  const commonPrefixes: string[] = [];
  let lastSeen = after;
  for (
    let at = lowerBound(keys, compareUtf8(after, prefix) > 0 ? after : prefix);
    at < keys.length;
    at++
  ) {
    const key = keys[at] ?? "";
    if (!key.startsWith(prefix)) break;
    if (key === after) continue;
    const group = groupOf(key, prefix, delimiter);
    const counted =
      group !== undefined && (group === commonPrefixes.at(-1) || after.startsWith(group));
    if (!counted) {
      if (objects.length + commonPrefixes.length >= maxKeys) {
        // A page of no keys has no last key, so there is nothing to continue from.
        return { objects, commonPrefixes, nextAfter: maxKeys === 0 ? undefined : lastSeen };
      }
      const object = bucket.get(key);
      if (group !== undefined) commonPrefixes.push(group);
      else if (object !== undefined) objects.push(object);
    }
    lastSeen = key;
  }
  return { objects, commonPrefixes, nextAfter: undefined };
}

/** The common prefix a key is rolled into, if the delimiter occurs after the prefix. */
function groupOf(key: string, prefix: string, delimiter: string): string | undefined {
  if (delimiter === "") return undefined;
  const at = key.indexOf(delimiter, prefix.length);
  return at < 0 ? undefined : key.slice(0, at + delimiter.length);
}

/** The index of the first key that is not before `key`. */
export function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareUtf8(keys[middle] ?? "", key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function parseMaxKeys(text: string | undefined): number {
  if (text === undefined) return PAGE_KEYS_MAX;
  if (!/^[0-9]{1,9}$/.test(text))
    throw new S3Error("InvalidArgument", "max-keys is a whole number.");
  return Math.min(Number(text), PAGE_KEYS_MAX);
}

function makeToken(key: string): string {
  return Buffer.from(key).toString("base64url");
}

function parseToken(token: string): string {
  const key = Buffer.from(token, "base64url").toString();
  if (key === "" || makeToken(key) !== token) {
    throw new S3Error("InvalidArgument", "The continuation token is not one of this store's.");
  }
  return key;
}
