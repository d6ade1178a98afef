/**
 * One incarnation's life. When it ends, nothing it has asked for is ever answered, its timers do not fire and its locks
 * are free: that is all a process can notice of being killed.
 */
export interface Life {
  /** Device and number, as in `d2.3`. */
  readonly name: string;
  readonly device: string;
  readonly isAlive: boolean;
  /** Called once, when it ends. */
  onEnd(action: () => void): void;
  end(): void;
}

export function createLife(device: string, number: number): Life {
  let isAlive = true;
  const endings: (() => void)[] = [];
  return {
    name: `${device}.${number}`,
    device,
    get isAlive() {
      return isAlive;
    },
    onEnd(action) {
      endings.push(action);
    },
    end() {
      if (!isAlive) return;
      isAlive = false;
      for (const action of endings) action();
    },
  };
}
