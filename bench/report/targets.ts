/** What is promised, in one place: the benchmark prints it beside what was measured, and the gates hold it. */
export const targets = {
  /** Median over lone edits, preflights apart. */
  putsPerLoneEdit: 1,
  getsPerLoneEdit: 1,
  /** Average over 1,000, each way. */
  bytesPerLoneEdit: 1_000,
  bytesPerKeystroke: 200,
  putsPerSecondTyping: 2,
  coldTextBytes: 35_000,
  coldTextRequests: 3,
  coldThousandBytes: 100_000,
  coldThousandRequests: 5,
  putsPerFlush: 1.15,
  /** Bytes of all bodies over those of the bare bundles. */
  writeAmplification: 5,
  objects: 52,
  /** Bytes in the bucket over those of the documents saved whole. */
  spaceAmplification: 2,
  /** Edit to seen: this many round trips, and the flush delay. */
  roundTripsToSeen: 2,
  besidesRoundTripsMs: 25,
  /** From browser to browser by a channel, over what automerge-repo's WebSocket server takes. */
  channelRatioSpaced: 1.5,
  channelRatioBackToBack: 0.5,
  /** The same by the service's hints, besides what waits and computes. */
  hintRoundTrips: { reports: 3, "store events": 2 },
  /** The service's heap while garbage comes, over what it was before. */
  garbageHeapBytes: 50_000_000,
} as const;

/** A figure beside what is promised for it. */
export interface Check {
  readonly what: string;
  readonly measured: number;
  readonly target: number;
  readonly unit: string;
  readonly holds: boolean;
}

/** The promise is an upper bound. */
export function atMost(what: string, measured: number, target: number, unit: string): Check {
  return { what, measured, target, unit, holds: measured <= target };
}
