/**
 * What was done and what was promised, written down in the test's own process: nothing that happens in a browser can
 * make it forget.
 */

export interface Oracle {
  /** An edit was made; its item is unlike every other one. */
  made(item: string): void;
  /** The browser it was made in was killed, so long after it was made: unless somebody has said it saved, it may be lost. */
  atRisk(item: string, ageMs: number): void;
  /** All items that this tab showed when it asked are said to be there. */
  promised(where: "device" | "bucket", items: readonly string[]): void;
  /** What is wrong with what a tab shows in the end, in words. */
  judge(who: string, items: readonly string[]): string[];
  /** For the report. */
  summary(items: readonly string[]): string;
}

export function createOracle(): Oracle {
  const made = new Set<string>();
  const risked = new Map<string, number>();
  const promised = { device: new Set<string>(), bucket: new Set<string>() };
  return {
    made: (item) => void made.add(item),
    atRisk: (item, ageMs) => void risked.set(item, ageMs),
    promised(where, items) {
      for (const item of items) promised[where].add(item);
    },
    judge(who, items) {
      const shown = new Set(items);
      const wrong: string[] = [];
      for (const where of ["device", "bucket"] as const)
        for (const item of promised[where])
          if (!shown.has(item)) wrong.push(`${who} lacks ${item}, which was saved (${where})`);
      for (const item of made)
        if (!shown.has(item) && !risked.has(item) && !promised.device.has(item))
          wrong.push(`${who} lacks ${item}, though its browser was not killed before it was saved`);
      if (shown.size < items.length) wrong.push(`${who} shows something twice`);
      for (const item of shown)
        if (!made.has(item)) wrong.push(`${who} shows ${item}, which nobody made`);
      return wrong;
    },
    summary(items) {
      const shown = new Set(items);
      const lost = [...made].filter((item) => !shown.has(item));
      const unsaved = [...risked.keys()].filter((item) => !promised.device.has(item));
      const oldestMs = Math.max(0, ...lost.map((item) => risked.get(item) ?? 0));
      return (
        `${made.size} edits, ${promised.device.size} reported saved on a device, ` +
        `${promised.bucket.size} in the bucket; ${lost.length} lost of the ${unsaved.length} that a kill met unsaved, ` +
        `the oldest ${Math.round(oldestMs)} ms old`
      );
    },
  };
}
