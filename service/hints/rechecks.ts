/**
 * Open streams, looked at once more now and then: whether the sign-in behind each is still good. Spread over time and a few
 * at once, however many streams have begun together, so that the store never hears of all of them in one moment.
 */
import type { Member } from "../session.ts";

/** So often a sign-in is looked up, which costs two requests of the store: for an end that this instance was not told of. */
const recheckMs = 300_000;

/** After a store that did not answer, or a bus that may have lost the message of an end. */
const soonMs = 60_000;

const atOnceMax = 50;

export interface Recheckable {
  readonly member: Member;
  readonly stream: { end(): void };
}

export interface Rechecks<T extends Recheckable> {
  add(stream: T): void;
  remove(stream: T): void;
  /** Looks at those whose time has come. */
  tick(): void;
  /** Looks at these as soon as there is a turn. */
  hasten(streams: Iterable<T>): void;
  /** Looks at all of them within a minute. */
  hastenAll(): void;
}

export interface RechecksParts {
  /** Milliseconds. */
  readonly now: () => number;
  /** Throws where nobody can tell. */
  readonly isGood: (member: Member) => Promise<boolean>;
}

export function createRechecks<T extends Recheckable>({ now, isGood }: RechecksParts): Rechecks<T> {
  const dueAt = new Map<T, number>();
  const waiting = new Set<T>();
  let running = 0;

  const later = (stream: T, ms: number): void => {
    if (dueAt.has(stream)) dueAt.set(stream, now() + ms);
  };

  const look = async (stream: T): Promise<void> => {
    later(stream, recheckMs);
    try {
      if (!(await isGood(stream.member))) stream.stream.end();
    } catch {
      // Nobody can tell now, and until somebody can a hint says little.
      later(stream, Math.random() * soonMs);
    }
  };

  const work = (): void => {
    for (const stream of waiting) {
      if (running >= atOnceMax) return;
      waiting.delete(stream);
      if (!dueAt.has(stream)) continue;
      running++;
      void look(stream).then(() => {
        running--;
        work();
      });
    }
  };

  const hasten = (streams: Iterable<T>): void => {
    for (const stream of streams) waiting.add(stream);
    work();
  };

  return {
    add(stream) {
      dueAt.set(stream, now() + Math.random() * recheckMs);
    },
    remove(stream) {
      dueAt.delete(stream);
      waiting.delete(stream);
    },
    tick() {
      hasten([...dueAt].filter(([, at]) => at <= now()).map(([stream]) => stream));
    },
    hasten,
    hastenAll() {
      for (const [stream, at] of dueAt)
        dueAt.set(stream, Math.min(at, now() + Math.random() * soonMs));
    },
  };
}
