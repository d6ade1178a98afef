/**
 * Virtual time: a queue of events ordered by time, ties by the order in which they were scheduled. Between two events
 * every microtask is drained, so what an event sets going has come to rest before the next one runs. Nothing waits:
 * a pause of an hour costs what an event costs.
 */

/** The real one: globals are replaced while a run goes on. */
const { setImmediate: nextTurn } = globalThis;

export interface Scheduler {
  /** Milliseconds since 1970, virtual. */
  readonly now: number;
  /** How many events have run. */
  readonly ran: number;
  /** Runs `action` so many milliseconds from now; the returned function cancels it. */
  after(delayMs: number, action: () => void): () => void;
  /** Runs all events up to that time, which is then now; ends early when `isDone` says so between two events. */
  runUntil(time: number, isDone?: () => boolean): Promise<void>;
}

interface Event {
  readonly time: number;
  readonly order: number;
  action: (() => void) | null;
}

export function createScheduler(start: number): Scheduler {
  const heap: Event[] = [];
  let now = start;
  let order = 0;
  let ran = 0;

  return {
    get now() {
      return now;
    },
    get ran() {
      return ran;
    },
    after(delayMs, action) {
      const time = now + (delayMs > 0 ? delayMs : 0);
      const event: Event = { time, order: order++, action };
      push(heap, event);
      return () => {
        event.action = null;
      };
    },
    async runUntil(time, isDone = () => false) {
      await drained();
      while (!isDone()) {
        const event = heap[0];
        if (event === undefined || event.time > time) {
          now = Math.max(now, time);
          return;
        }
        pop(heap);
        const { action } = event;
        if (action === null) continue;
        now = event.time;
        ran++;
        action();
        await drained();
      }
    },
  };
}

/** Resolves when every microtask has run, those that microtasks add included. */
function drained(): Promise<void> {
  return new Promise((resolve) => {
    nextTurn(resolve);
  });
}

function isBefore(a: Event, b: Event): boolean {
  return a.time < b.time || (a.time === b.time && a.order < b.order);
}

function push(heap: Event[], event: Event): void {
  let at = heap.push(event) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!isBefore(event, heap[parent]!)) break;
    heap[at] = heap[parent]!;
    at = parent;
  }
  heap[at] = event;
}

function pop(heap: Event[]): void {
  const last = heap.pop()!;
  if (heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = at * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child++;
    if (!isBefore(heap[child]!, last)) break;
    heap[at] = heap[child]!;
    at = child;
  }
  heap[at] = last;
}
