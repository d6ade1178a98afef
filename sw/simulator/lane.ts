/**
 * A lane: the calls of one database of one device. Each is three events: it is asked for, it takes effect, it is
 * answered. Effects come in the order in which they were asked for, whichever incarnation asked, and so do answers: so
 * IndexedDB orders its transactions.
 */
import type { Context } from "./context.ts";
import type { Life } from "./life.ts";

const latencyMsMin = 0.2;
const latencyMsMax = 6;

export interface Effect<T> {
  readonly value: T;
  /** Called when the answer is given. */
  readonly answered?: () => void;
}

export interface Lane {
  call<T>(life: Life, name: string, detail: string, effect: () => Effect<T>): Promise<T>;
  /** The transactions of a killed incarnation: some of those under way still take effect, oldest first, or none. */
  end(life: Life, landing: "none" | "some"): void;
}

interface Pending {
  readonly life: Life;
  effect: (() => void) | null;
}

export function createLane(context: Context, label: string): Lane {
  const { scheduler } = context;
  const random = context.random.fork(`lane ${label}`);
  let pending: Pending[] = [];
  let effectAt = 0;
  let answerAt = 0;

  const inOrder = (earliest: number): number =>
    Math.max(earliest, scheduler.now + random.between(latencyMsMin, latencyMsMax));

  return {
    call<T>(life: Life, name: string, detail: string, effect: () => Effect<T>) {
      return new Promise<T>((resolve, reject) => {
        if (!life.isAlive) return;
        const call = context.begin(life, `${label}.${name}`, detail);
        let outcome: { effect: Effect<T> } | { error: unknown } | null = null;
        const land = (): void => {
          try {
            outcome = { effect: effect() };
          } catch (error) {
            outcome = { error };
          }
        };
        const entry: Pending = { life, effect: land };
        pending.push(entry);
        const answer = (): void => {
          if (outcome === null) return;
          if ("error" in outcome) {
            if (life.isAlive) reject(outcome.error);
            return;
          }
          // A dead one's transaction is as safe by now as any.
          outcome.effect.answered?.();
          if (life.isAlive) resolve(outcome.effect.value);
        };
        effectAt = inOrder(effectAt);
        scheduler.after(effectAt - scheduler.now, () => {
          if (entry.effect === null) return;
          if (life.isAlive && context.isKilledAt(call, "before")) context.kill(life, "none");
          if (entry.effect === null) return;
          pending = pending.filter((other) => other !== entry);
          entry.effect = null;
          land();
          const isDone = outcome !== null && !("error" in outcome);
          context.trace.add(context.elapsed(), `${call.number} ${isDone ? "done" : "refused"}`);
          if (life.isAlive && context.isKilledAt(call, "after")) context.kill(life, "some");
          answerAt = inOrder(answerAt);
          scheduler.after(answerAt - scheduler.now, answer);
        });
      });
    },
    end(life, landing) {
      const mine = pending.filter((entry) => entry.life === life);
      const landed = landing === "none" ? 0 : random.int(mine.length + 1);
      for (const [index, entry] of mine.entries()) {
        if (index < landed) entry.effect?.();
        entry.effect = null;
      }
      pending = pending.filter((entry) => entry.life !== life);
    },
  };
}
