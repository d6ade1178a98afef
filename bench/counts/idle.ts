/** What a device asks of the store while nobody does anything: requests in the first hour, and in the fifth. */
import { costBetween } from "../counted-bucket.ts";
import { openMemoryLab } from "../memory-bucket.ts";

const hourMs = 60 * 60 * 1000;

export interface IdleCount {
  readonly visible: readonly number[];
  readonly hidden: readonly number[];
}

export async function countIdle(): Promise<IdleCount> {
  return { visible: await idleHours(true), hidden: await idleHours(false) };
}

async function idleHours(visible: boolean): Promise<number[]> {
  const lab = await openMemoryLab(2);
  const [writer, reader] = [lab.devices[0]!, lab.devices[1]!];
  const handle = writer.engine.repo.create({ text: "" });
  await writer.change(handle, () => undefined);
  for (const device of lab.devices) device.engine.conditions({ online: true, visible });
  const hours: number[] = [];
  for (let hour = 0; hour < 5; hour++) {
    const before = reader.bucket.cost();
    await lab.time.pass(hourMs);
    const { puts, gets, emptyGets } = costBetween(before, reader.bucket.cost());
    hours.push(puts + gets + emptyGets);
  }
  await lab.close();
  return [hours[0]!, hours[4]!];
}
