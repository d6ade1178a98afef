/** The caches of one service-worker registration, by name; several apps may share one origin. */

export interface CacheNames {
  /** What pages have loaded, and presync's own wasm. */
  readonly shell: string;
  /**
   * What `presync-manifest.js` lists. Workbox's own name for it is left to an app that uses Workbox in the same
   * worker: of two lists in one cache, each would throw out what the other had put there.
   */
  readonly files: string;
}

export function cacheNamesOf(scope: string): CacheNames {
  return { shell: `presync shell ${scope}`, files: `presync files ${scope}` };
}
