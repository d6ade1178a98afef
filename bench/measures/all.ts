/** All measures by name, in the order in which they run. */
import type { Outcome } from "../report/results.ts";

export const measureNames = [
  "edit-bytes",
  "edit-to-seen",
  "live",
  "cold-start",
  "write-amplification",
  "tail-limit",
  "resources",
  "browser-requests",
  "start-up",
  "service-load",
  "hint-streams",
] as const;

export type MeasureName = (typeof measureNames)[number];

export function isMeasureName(text: string | undefined): text is MeasureName {
  return measureNames.some((name) => name === text);
}

/** Each is loaded alone: what one brings along must not be in the memory of another. */
export const loadMeasure: Readonly<Record<MeasureName, () => Promise<() => Promise<Outcome>>>> = {
  "edit-bytes": async () => (await import("./edit-bytes.ts")).measureEditBytes,
  "edit-to-seen": async () => (await import("./edit-to-seen.ts")).measureEditToSeen,
  live: async () => (await import("./live.ts")).measureLive,
  "cold-start": async () => (await import("./cold-start.ts")).measureColdStart,
  "write-amplification": async () =>
    (await import("./write-amplification.ts")).measureWriteAmplification,
  "tail-limit": async () => (await import("./tail-limit.ts")).measureTailLimit,
  resources: async () => (await import("./resources.ts")).measureResources,
  "browser-requests": async () => (await import("./browser-requests.ts")).measureBrowserRequests,
  "start-up": async () => (await import("./start-up.ts")).measureStartUp,
  "service-load": async () => (await import("./service-load.ts")).measureServiceLoad,
  "hint-streams": async () => (await import("./hint-streams.ts")).measureHintStreams,
};
