/** Exclusive locks of one device, shared by its incarnations; those of a dead one are free at once. */
import type { Locks } from "../engine/world.ts";
import type { Context } from "./context.ts";
import type { Life } from "./life.ts";

const grantMs = 0.5;

export interface LockTable {
  /** The locks as one incarnation sees them. */
  of(life: Life): Locks;
}

interface Waiter {
  readonly life: Life;
  readonly begin: () => void;
}

export function createLockTable(context: Context): LockTable {
  const queues = new Map<string, Waiter[]>();

  /** The first in the queue holds the lock. */
  const next = (name: string): void => {
    const first = queues.get(name)?.[0];
    if (first === undefined) return;
    context.scheduler.after(grantMs, () => {
      if (queues.get(name)?.[0] === first) first.begin();
    });
  };
  const leave = (name: string, waiter: Waiter): void => {
    const queue = queues.get(name) ?? [];
    const isHolder = queue[0] === waiter;
    queues.set(
      name,
      queue.filter((other) => other !== waiter),
    );
    if (isHolder) next(name);
  };

  return {
    of: (life) => ({
      exclusive<T>(name: string, action: () => Promise<T>) {
        return new Promise<T>((resolve, reject) => {
          if (!life.isAlive) return;
          const call = context.begin(life, "locks.exclusive", name);
          const waiter: Waiter = {
            life,
            begin() {
              if (context.isKilledAt(call, "before")) return context.kill(life, "some");
              const settle = (give: () => void): void => {
                leave(name, waiter);
                if (life.isAlive) give();
              };
              action().then(
                (value) => settle(() => resolve(value)),
                (error: unknown) => settle(() => reject(error)),
              );
              if (life.isAlive && context.isKilledAt(call, "after")) context.kill(life, "some");
            },
          };
          life.onEnd(() => leave(name, waiter));
          const queue = queues.get(name) ?? [];
          queues.set(name, [...queue, waiter]);
          if (queue.length === 0) next(name);
        });
      },
    }),
  };
}
