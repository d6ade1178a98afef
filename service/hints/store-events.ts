/**
 * What a store says when an object was written, in the shapes stores have for it. All of them may send an event twice, or
 * late, or in another order: one that is the same as the one before is passed over, and one that is late leads to a look at
 * nothing new. What is not a manifest that was written is nobody's news.
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
  /**
   * Tells one write of a key from another; null where the store says nothing that would. Not which was first: S3's
   * sequencers can be compared, others' only look like them (Ceph's are little-endian).
   */
  readonly mark: string | null;
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
      mark: markOf(sequencer, eTag, eventTime),
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
      mark: markOf(eTag, eventTime),
    },
  ];
}

export interface StoreEventFilter {
  /** What of these is news, as hints. */
  take(events: readonly StoreEvent[]): Omit<HintMessage, "kind">[];
}

export function createStoreEventFilter(bucket: string): StoreEventFilter {
  /** The mark of each key's last event. */
  const last = new Map<string, string>();

  const isNews = ({ key, mark }: StoreEvent): boolean => {
    if (mark === null) return true;
    if (last.get(key) === mark) return false;
    last.delete(key);
    last.set(key, mark);
    const [oldest] = last.keys();
    if (last.size > rememberedMax && oldest !== undefined) last.delete(oldest);
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

function markOf(...values: readonly unknown[]): string | null {
  const texts = values.map(textOf);
  return texts.every((text) => text === "") ? null : texts.join(" ");
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
