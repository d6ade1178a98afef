/** What one device asks of the store: a bucket that counts. Bytes are those of bodies, as a browser would move them. */
import type { Bucket } from "../sw/engine/world.ts";

export interface BucketCost {
  readonly puts: number;
  readonly putBytes: number;
  /** GETs that were answered with an object. */
  readonly gets: number;
  readonly getBytes: number;
  /** GETs that were answered 304 or 404: nothing new. */
  readonly emptyGets: number;
}

export interface CountedBucket extends Bucket {
  cost(): BucketCost;
}

export function countBucket(bucket: Bucket): CountedBucket {
  let [puts, putBytes, gets, getBytes, emptyGets] = [0, 0, 0, 0, 0];
  return {
    namespace: bucket.namespace,
    replica: bucket.replica,
    layout: bucket.layout,
    peers: () => bucket.peers(),
    async put(name, bytes) {
      puts++;
      putBytes += bytes.length;
      await bucket.put(name, bytes);
    },
    async get(replica, name, options) {
      const fetched = await bucket.get(replica, name, options);
      if (fetched === null || fetched === "unchanged") emptyGets++;
      else {
        gets++;
        getBytes += fetched.bytes.length;
      }
      return fetched;
    },
    cost: () => ({ puts, putBytes, gets, getBytes, emptyGets }),
  };
}

export function costBetween(before: BucketCost, after: BucketCost): BucketCost {
  return {
    puts: after.puts - before.puts,
    putBytes: after.putBytes - before.putBytes,
    gets: after.gets - before.gets,
    getBytes: after.getBytes - before.getBytes,
    emptyGets: after.emptyGets - before.emptyGets,
  };
}
