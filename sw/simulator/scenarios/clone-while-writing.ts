/**
 * A device's PUT gets no answer, and meanwhile a copy of its profile writes under its id. It finds the copy's manifest while
 * its own PUT is still under way, and flees at once (O-4): repeating the PUT would write over what the copy has published.
 */
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { openClone, openDevice, pass, startEdit } from "../stage.ts";

const secondMs = 1_000;
const lookMs = 5;
const looksMax = 400;

export const cloneWhileWriting: Scenario = {
  name: "clone while writing",
  async tell(sim, random) {
    const { faults, observed } = sim.context;
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const first = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(first, document, "push");
    await pass(sim, 5 * secondMs);
    const clone = openClone(sim, random, first);
    await pass(sim, 2 * secondMs);
    const replica = first.registry.grant?.replica;
    faults.hits = (kind) => kind === "lost request";
    const before = observed.requests.length;
    const isWriting = (): boolean =>
      observed.requests
        .slice(before)
        .some(({ device, method }) => device === first.name && method === "PUT");
    startEdit(first, document, "push");
    for (let look = 0; look < looksMax && !isWriting(); look++) await pass(sim, lookMs);
    faults.hits = () => false;
    startEdit(clone, document, "push");
    await pass(sim, 2 * secondMs);
    for (const incarnation of first.running) incarnation.engine.hint();
    await pass(sim, 5 * secondMs);
    if (first.registry.grant?.replica === replica)
      observed.unexpected.push("a clone was seen, and its id was kept");
  },
};
