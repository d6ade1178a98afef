/**
 * A device's durable map: transactions that are applied in the order in which they were asked for, whole or not at
 * all. What was applied and not yet answered may still be lost with the power; what was answered may not.
 */

export type Values = Map<string, unknown>;

export interface Transaction {
  readonly put?: Readonly<Record<string, unknown>>;
  readonly remove?: readonly string[];
}

export interface DurableMap {
  readonly values: Values;
  /** Changes with every change. */
  readonly version: number;
  /** Applies it; the returned function is called when it has been answered: from then on it is safe. */
  apply(transaction: Transaction): () => void;
  /** How many applied ones are not safe yet. */
  readonly unsafe: number;
  /** Undoes the last so many of those. */
  cut(count: number): void;
  /** Everything is gone. */
  clear(): void;
  /** A copy, as when a profile is copied. */
  copy(): DurableMap;
}

interface Undo {
  readonly before: readonly (readonly [key: string, value: unknown, existed: boolean])[];
  safe: boolean;
}

export function createDurableMap(initial: Iterable<readonly [string, unknown]> = []): DurableMap {
  const values: Values = new Map(initial);
  let undos: Undo[] = [];
  let version = 0;

  const forgetSafe = (): void => {
    // Only a suffix can be lost: what came before a safe one is safe as well.
    const lastSafe = undos.findLastIndex(({ safe }) => safe);
    if (lastSafe >= 0) undos = undos.slice(lastSafe + 1);
  };

  return {
    values,
    get version() {
      return version;
    },
    apply({ put = {}, remove = [] }) {
      version++;
      const keys = [...remove, ...Object.keys(put)];
      const before = keys.map((key) => [key, values.get(key), values.has(key)] as const);
      for (const key of remove) values.delete(key);
      // What is stored is a copy, as in IndexedDB: its writer may go on changing its own.
      for (const [key, value] of Object.entries(put)) values.set(key, structuredClone(value));
      const undo: Undo = { before, safe: false };
      undos.push(undo);
      return () => {
        undo.safe = true;
        forgetSafe();
      };
    },
    get unsafe() {
      return undos.length;
    },
    cut(count) {
      version++;
      for (const undo of undos.splice(undos.length - count).toReversed())
        for (const [key, value, existed] of undo.before.toReversed())
          if (existed) values.set(key, value);
          else values.delete(key);
    },
    clear() {
      version++;
      values.clear();
      undos = [];
    },
    copy: () => createDurableMap(structuredClone([...values])),
  };
}
