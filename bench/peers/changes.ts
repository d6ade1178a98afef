/** Listeners that go when they have seen what they wait for: so that a hundred edits do not leave a hundred of them. */
export function onceAmong(
  subscribe: (listener: () => void) => void,
): (check: () => boolean, action: () => void) => void {
  const waiting = new Set<() => void>();
  subscribe(() => {
    for (const look of waiting) look();
  });
  return (check, action) => {
    const look = (): void => {
      if (!check()) return;
      waiting.delete(look);
      action();
    };
    waiting.add(look);
  };
}
