/**
 * Calms a value that flickers: what is worse than what shows, or as bad, shows at once; what is better only after it
 * has lasted. So nobody is told too late that something is not saved, and typing does not make a badge blink.
 */
export function createSettled<T>(
  show: (value: T) => void,
  severity: (value: T) => number,
  calmMs: number,
): (value: T) => void {
  let shown = Number.NEGATIVE_INFINITY;
  let timer: ReturnType<typeof setTimeout> | undefined;
  return (value) => {
    clearTimeout(timer);
    const next = severity(value);
    const apply = (): void => {
      shown = next;
      show(value);
    };
    if (next >= shown) apply();
    else timer = setTimeout(apply, calmMs);
  };
}
