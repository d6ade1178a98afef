/** All measures by name, in the order in which they run. */
import type { Outcome } from "../report/results.ts";

export const measureNames = [
  "edit-bytes",
  "edit-to-seen",
  "cold-start",
  "write-amplification",
  "resources",
  "browser-requests",
] as const;

export type MeasureName = (typeof measureNames)[number];

export function isMeasureName(text: string | undefined): text is MeasureName {
  return measureNames.some((name) => name === text);
}

/** Each is loaded alone: what one brings along must not be in the memory of another. */
export async function loadMeasure(name: MeasureName): Promise<() => Promise<Outcome>> {
  switch (name) {
    case "edit-bytes":
      return (await import("./edit-bytes.ts")).measureEditBytes;
    case "edit-to-seen":
      return (await import("./edit-to-seen.ts")).measureEditToSeen;
    case "cold-start":
      return (await import("./cold-start.ts")).measureColdStart;
    case "write-amplification":
      return (await import("./write-amplification.ts")).measureWriteAmplification;
    case "resources":
      return (await import("./resources.ts")).measureResources;
    case "browser-requests":
      return (await import("./browser-requests.ts")).measureBrowserRequests;
  }
}
