/**
 * Two devices have read a source that is lost. The first one to publish the document whole publishes an edit right
 * after it, so that the other one sees both as one publication: that is complete as well, and nothing is left for it to
 * publish (FR-5, L-3).
 */
import { createDocument } from "../edits.ts";
import type { Device } from "../device.ts";
import type { Scenario } from "../scenarios.ts";
import type { Simulation } from "../simulation.ts";
import { openDevice, openDocument, pass, removeManifest, startEdit } from "../stage.ts";

const secondMs = 1_000;
const minuteMs = 60_000;
const lookMs = 100;
const waitMsMax = 60 * minuteMs;

export const replacedOnce: Scenario = {
  name: "replaced once",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const source = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(source, document, "push");
    await pass(sim, 5 * secondMs);
    const readers = [openDevice(sim, random), openDevice(sim, random)] as const;
    await pass(sim, 5 * secondMs);
    for (const reader of readers) openDocument(reader, document);
    await pass(sim, 10 * secondMs);
    // They look at each other once a minute: the first one's two publications are seen as one.
    for (const reader of readers) {
      reader.isVisible = false;
      reader.running.at(-1)?.conditions();
    }
    sim.stop(source, "killed");
    source.isGone = true;
    removeManifest(sim, source);
    const { observed, scheduler } = sim.context;
    const [lostAt, isOver] = [scheduler.now, scheduler.now + waitMsMax];
    let first: Device | undefined;
    while (first === undefined && scheduler.now < isOver) {
      await pass(sim, lookMs);
      first = readers.find((reader) => hasPublished(sim, reader, document.id, lostAt));
    }
    if (first === undefined) {
      observed.unexpected.push("nobody has published what was lost");
      return;
    }
    startEdit(first, document, "push");
    await pass(sim, 30 * minuteMs);
    for (const reader of readers)
      if (reader !== first && hasPublished(sim, reader, document.id, lostAt))
        observed.unexpected.push(`${reader.name} has published what ${first.name} had published`);
  },
};

function hasPublished(
  { context }: Simulation,
  { name }: Device,
  document: string,
  since: number,
): boolean {
  return context.observed.writes.some(
    ({ device, documents, acknowledgedAt, requestedAt }) =>
      device === name &&
      requestedAt > since &&
      acknowledgedAt !== null &&
      documents.includes(document),
  );
}
