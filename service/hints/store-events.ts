/**
 * What a store says when an object was written, in the shapes stores have for it. All of them may send an event twice, or
 * late, or in another order; what is not a manifest that was written is nobody's news.
 *
 * - Amazon S3, and what speaks like it (MinIO, Ceph RGW): `{Records: [{eventName, s3: {bucket: {name}, object: {key, eTag,
 *   sequencer}}}]}`, the key URL-encoded as a form's fields are.
 *   https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 *   MinIO adds `EventName` and `Key` around it, which say the same once more.
 * - Tigris: `{events: [{eventName: "OBJECT_CREATED_PUT", eventTime, bucket, object: {key, eTag}}]}`, the key as it is.
 *   https://www.tigrisdata.com/docs/buckets/object-notifications/
 */
import type { HintMessage } from "./bus.ts";
import { manifestOf } from "./manifest-key.ts";

/** A batch has one of MinIO's, ten of others'. */
const eventsMax = 1000;

/** How many keys are remembered, to know what was told before. */
const rememberedMax = 10_000;

export interface StoreEvent {
  /** Undefined where the store does not say. */
  readonly bucket: string | undefined;
  readonly key: string;
  /** Grows with each write of a key, compared as text of equal length; undefined where there is none. */
  readonly sequencer: string | undefined;
  /** Tells one write of a key from another. */
  readonly mark: string;
}

/** The events of writing among what was posted; none where it has another shape. */
export function readStoreEvents(body: unknown): StoreEvent[] {
  const { Records: records, events } = fieldsOf(body);
  if (Array.isArray(records)) return records.slice(0, eventsMax).flatMap(s3Event);
  if (Array.isArray(events)) return events.slice(0, eventsMax).flatMap(tigrisEvent);
  return [];
}

function s3Event(record: unknown): StoreEvent[] {
  const { eventName, eventTime, s3 } = fieldsOf(record);
  const { bucket, object } = fieldsOf(s3);
  const { key, eTag, sequencer } = fieldsOf(object);
  if (typeof key !== "string" || !/^(?:s3:)?ObjectCreated:/.test(textOf(eventName))) return [];
  const decoded = decodedKey(key);
  if (decoded === null) return [];
  const { name } = fieldsOf(bucket);
  return [
    {
      bucket: typeof name === "string" ? name : undefined,
      key: decoded,
      sequencer: /^[0-9A-Fa-f]{1,64}$/.test(textOf(sequencer))
        ? textOf(sequencer).toLowerCase().padStart(64, "0")
        : undefined,
      mark: `${textOf(eTag)} ${textOf(eventTime)}`,
    },
  ];
}

function tigrisEvent(event: unknown): StoreEvent[] {
  const { eventName, eventTime, bucket, object } = fieldsOf(event);
  const { key, eTag } = fieldsOf(object);
  if (typeof key !== "string" || !textOf(eventName).startsWith("OBJECT_CREATED")) return [];
  return [
    {
      bucket: typeof bucket === "string" ? bucket : undefined,
      key,
      sequencer: undefined,
      mark: `${textOf(eTag)} ${textOf(eventTime)}`,
    },
  ];
}

export interface StoreEventFilter {
  /** What of these is news, as hints. */
  take(events: readonly StoreEvent[]): Omit<HintMessage, "kind">[];
}

export function createStoreEventFilter(bucket: string): StoreEventFilter {
  /** The newest of each key. */
  const newest = new Map<string, Pick<StoreEvent, "sequencer" | "mark">>();

  const isNews = ({ key, sequencer, mark }: StoreEvent): boolean => {
    const known = newest.get(key);
    if (known !== undefined) {
      if (sequencer === undefined || known.sequencer === undefined) {
        if (mark === known.mark) return false;
      } else if (sequencer <= known.sequencer) return false;
    }
    newest.delete(key);
    newest.set(key, { sequencer, mark });
    const [oldest] = newest.keys();
    if (newest.size > rememberedMax && oldest !== undefined) newest.delete(oldest);
    return true;
  };

  return {
    take: (events) =>
      events.flatMap((event) => {
        const manifest = manifestOf(event.key);
        if (manifest === null || (event.bucket !== undefined && event.bucket !== bucket)) return [];
        return isNews(event) ? [{ source: "store" as const, ...manifest }] : [];
      }),
  };
}

/** Null for what no form would send. */
function decodedKey(key: string): string | null {
  try {
    return decodeURIComponent(key.replaceAll("+", " "));
  } catch {
    return null;
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
