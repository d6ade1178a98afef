/** Tells the worker what this page has loaded from its own origin, so that it is there offline. */
import type { WorkerLink } from "./worker-link.ts";

/** What an app is made of; data it fetches is its own business. */
const shellInitiators: ReadonlySet<string> = new Set(["script", "link", "css", "img", "other"]);

/** Late files (fonts, lazy modules) come in a trickle: report them together. */
const settleMs = 1_000;

export interface LoadedReport {
  /** There is another worker: the one before may have ended before it had kept everything. */
  repeat(): void;
}

export function reportLoaded(link: WorkerLink, wasm: URL, signal: AbortSignal): LoadedReport {
  const own = [withoutHash(location.href), wasm.href, new URL("/presync.json", location.href).href];
  const seen = new Set(own);
  const fresh = new Set(own);
  let timer: ReturnType<typeof setTimeout> | undefined;

  const report = (): void => {
    timer = undefined;
    link.send({ type: "loaded", urls: [...fresh] });
    fresh.clear();
  };
  const collect = (entries: PerformanceEntryList): void => {
    for (const entry of entries as PerformanceResourceTiming[]) {
      const url = withoutHash(entry.name);
      if (!shellInitiators.has(entry.initiatorType) || seen.has(url)) continue;
      if (new URL(url).origin !== location.origin) continue;
      seen.add(url);
      fresh.add(url);
    }
    if (fresh.size > 0) timer ??= setTimeout(report, settleMs);
  };
  const observer = new PerformanceObserver((list) => collect(list.getEntries()));
  observer.observe({ type: "resource" });
  signal.addEventListener("abort", () => {
    observer.disconnect();
    clearTimeout(timer);
  });
  // What is there by now is told at once: the page may be gone in a second.
  collect(performance.getEntriesByType("resource"));
  clearTimeout(timer);
  report();
  return {
    repeat() {
      for (const url of seen) fresh.add(url);
      clearTimeout(timer);
      report();
    },
  };
}

function withoutHash(address: string): string {
  const url = new URL(address);
  url.hash = "";
  return url.href;
}
