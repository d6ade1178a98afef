/**
 * Which marks of sign-ins may go: those that are older than a session's life. The first and the latest of each device
 * stay, since they say when it came and when somebody last signed in there.
 */
import type { DeviceMarks } from "./device-marks.ts";
import type { Namespace, ReplicaId } from "../shared/keys.ts";

export interface SessionMark {
  readonly replica: ReplicaId;
  readonly family: string;
}

/**
 * At most so many, beginning at this family and going round: a sign-in that is refreshed outlives its mark's age, and
 * whoever asks whether one is over shall not ask of the same ones each time.
 */
export function agedMarks(
  all: ReadonlyMap<ReplicaId, DeviceMarks>,
  before: number,
  from: string,
  countMax: number,
): readonly SessionMark[] {
  const aged = [...all].flatMap(([replica, { sessions }]) => {
    const times = [...sessions.values()];
    const [first, latest] = [Math.min(...times), Math.max(...times)];
    return [...sessions]
      .filter(([, at]) => at < before && at > first && at < latest)
      .map(([family]) => ({ replica, family }));
  });
  const inOrder = aged.toSorted((a, b) => (a.family < b.family ? -1 : 1));
  const start = inOrder.findIndex(({ family }) => family >= from);
  return [...inOrder.slice(Math.max(0, start)), ...inOrder.slice(0, Math.max(0, start))].slice(
    0,
    countMax,
  );
}

/** Whether a sign-in of a user is over, with every token of it there may be. */
export type IsOver = (sign: {
  readonly namespace: Namespace;
  readonly family: string;
}) => Promise<boolean>;
