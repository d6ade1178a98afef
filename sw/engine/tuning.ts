/** The numbers that trade bytes for requests; `docs/protocol.md` says by which measurements they were chosen. */

export interface Tuning {
  /**
   * The manifest is uploaded with every flush, so its tail costs its size each time; without one, every flush would be
   * two PUTs. In bytes.
   */
  readonly tailBytesMax: number;
  /** So many segments of one level are merged into one; at most two less than a level has slots. */
  readonly mergeFanOut: number;
  /** R2 and GCS allow one write per second and key; requests started a second apart may arrive closer together. */
  readonly writeIntervalMs: number;
  /** So long after the last write segments are merged for the sake of readers from the beginning. */
  readonly tidyQuietMs: number;
  /** While edits go on, merges that spare space may cost this share of what manifests do, in bytes. */
  readonly mergeBytesShare: number;
  /** And writing over superseded segments with empty ones this share of the PUTs. */
  readonly emptyPutsShare: number;
}

export const defaultTuning: Tuning = {
  tailBytesMax: 1024,
  mergeFanOut: 8,
  writeIntervalMs: 1_100,
  tidyQuietMs: 60_000,
  mergeBytesShare: 0.1,
  emptyPutsShare: 0.02,
};
