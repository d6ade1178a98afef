/** A value that changes, with listeners: each is called at once and then after every change. */

export interface Subscribable<T> {
  readonly get: () => T;
  /** Returns the function that unsubscribes. */
  readonly subscribe: (listener: (value: T) => void) => () => void;
}

export interface Writable<T> extends Subscribable<T> {
  set(value: T): void;
}

export function createSubscribable<T>(initial: T): Writable<T> {
  let value = initial;
  const listeners = new Set<(value: T) => void>();
  const call = (listener: (value: T) => void): void => {
    try {
      listener(value);
    } catch (error) {
      // One listener's mistake is not the next one's problem; it still shows in the console.
      reportError(error);
    }
  };
  return {
    get: () => value,
    set(next) {
      value = next;
      for (const listener of listeners) call(listener);
    },
    subscribe(listener) {
      const own = (current: T): void => listener(current);
      listeners.add(own);
      call(own);
      return () => listeners.delete(own);
    },
  };
}

/** The same value for those who may only look at it. */
export function readOnly<T>({ get, subscribe }: Subscribable<T>): Subscribable<T> {
  return { get, subscribe };
}
