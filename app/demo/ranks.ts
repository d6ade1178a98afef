/**
 * The order of the items. Each has a rank, a number, and moving an item writes its rank alone: so two devices that
 * move different items offline both get what they wanted, and of two that move the same one, one wins.
 *
 * A new item's rank is the time of its making: what two devices add offline comes to lie in the order in which it
 * was written. Equal ranks are ordered by id, the same way on every device.
 */

export interface Ranked {
  readonly id: string;
  readonly rank: number;
}

/** Room for some twenty halvings before an order has to be spread anew. */
const spacing = 1_000;

export function byRank(a: Ranked, b: Ranked): number {
  if (a.rank !== b.rank) return a.rank - b.rank;
  return a.id < b.id ? -1 : 1;
}

/** The rank that puts a new item at the end, even behind one of a device whose clock is ahead. */
export function rankAtEnd(ordered: readonly Ranked[], now: number): number {
  const last = ordered.at(-1);
  return last === undefined ? now : Math.max(now, last.rank + 1);
}

/**
 * The ranks to write so that the item comes to lie at `to`: one as a rule; all of them where there is no number
 * left between the new neighbours.
 */
export function ranksToMove(
  ordered: readonly Ranked[],
  id: string,
  to: number,
): ReadonlyMap<string, number> {
  const item = ordered.find((candidate) => candidate.id === id);
  if (item === undefined || to < 0 || to >= ordered.length || ordered[to] === item)
    return new Map();
  const others = ordered.filter((candidate) => candidate !== item);
  const rank = rankBetween(others[to - 1]?.rank, others[to]?.rank);
  if (rank !== undefined) return new Map([[id, rank]]);
  const start = ordered[0]?.rank ?? 0;
  const wanted = others.toSpliced(to, 0, item);
  return new Map(wanted.map((each, index) => [each.id, start + index * spacing]));
}

function rankBetween(before: number | undefined, after: number | undefined): number | undefined {
  if (before === undefined) return after === undefined ? 0 : after - spacing;
  if (after === undefined) return before + spacing;
  const middle = before + (after - before) / 2;
  return middle > before && middle < after ? middle : undefined;
}
