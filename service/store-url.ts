/** Where an object lives: the URL of the bucket, in either addressing, ending in a slash. */
import type { StoreConfig } from "./config.ts";

export function bucketUrl(
  store: Required<Pick<StoreConfig, "endpoint" | "bucket" | "addressing">>,
): string {
  const { protocol, host } = new URL(store.endpoint);
  return store.addressing === "virtual-host"
    ? `${protocol}//${store.bucket}.${host}/`
    : `${protocol}//${host}/${store.bucket}/`;
}
