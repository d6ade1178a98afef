/** One thing at a time, in the order in which it was asked for: what each needs of memory is needed once. */
import { PresyncError } from "../shared/errors.ts";

export interface Turns {
  /** Runs it when all before have ended, however they did. Throws `retry` where too many wait already. */
  take<T>(run: () => Promise<T>): Promise<T>;
}

export function createTurns(waitingMax: number): Turns {
  let last: Promise<unknown> = Promise.resolve();
  let count = 0;

  return {
    async take(run) {
      if (count > waitingMax) throw new PresyncError("retry", "too many ask for this: try again");
      count++;
      const turn = last.then(run);
      last = turn.catch(() => undefined);
      try {
        return await turn;
      } finally {
        count--;
      }
    },
  };
}
