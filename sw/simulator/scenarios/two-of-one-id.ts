/**
 * Two clones have written under one id, and a third device has not read all of it: what it has read of one of them makes
 * it pass over what the other one had published under the same numbers (O-5).
 */
import { lineMax } from "../../../shared/codecs/manifest.ts";
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import {
  expectSame,
  loseDevice,
  openClone,
  openDevice,
  openDocument,
  pass,
  setOnline,
  startEdit,
} from "../stage.ts";

const secondMs = 1_000;
/** After so long a silence nobody looks at his own manifest soon. */
const silenceMs = 75_000;
/** Before the clone looks at its own manifest again. */
const hurryMs = 800;
/** What is to be published again is held for up to ten minutes, and then read. */
const healMs = 12 * 60 * secondMs;

/**
 * The one who is written over flees; who reads that it fled reads the id from the start. The other one has been started so
 * often meanwhile that its line says nothing of what was read.
 */
export const fledId: Scenario = {
  name: "id fled from",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const first = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(first, document, "push");
    const reader = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    openDocument(reader, document);
    await pass(sim, silenceMs);
    setOnline(reader, false);
    const clone = openClone(sim, random, first);
    await pass(sim, 2 * secondMs);
    // Large enough for a segment: what comes later does not hold it once more.
    startEdit(clone, document, "paste");
    await pass(sim, 2 * secondMs);
    startEdit(first, document, "push");
    await pass(sim, 2 * secondMs);
    setOnline(reader, true);
    await pass(sim, 2 * secondMs);
    setOnline(reader, false);
    startEdit(clone, document, "paste");
    await pass(sim, 2 * secondMs);
    for (let start = 0; start <= lineMax; start++) {
      sim.stop(clone, "killed");
      sim.start(clone);
      await pass(sim, secondMs);
      startEdit(clone, document, "push");
      await pass(sim, 2 * secondMs);
    }
    loseDevice(sim, clone);
    setOnline(reader, true);
    // The one that is left looks at its own manifest, and flees.
    await pass(sim, 10 * silenceMs);
    await expectSame(sim);
  },
};

/** Nobody flees, because one of them is gone: the other one's manifests tell by themselves. */
export const otherLine: Scenario = {
  name: "other line",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const first = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(first, document, "push");
    const reader = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    openDocument(reader, document);
    await pass(sim, silenceMs);
    const clone = openClone(sim, random, first);
    await pass(sim, 2 * secondMs);
    startEdit(clone, document, "paste");
    await pass(sim, 2 * secondMs);
    for (const incarnation of reader.running) incarnation.engine.hint();
    await pass(sim, secondMs);
    loseDevice(sim, clone);
    startEdit(first, document, "paste");
    await pass(sim, 2 * secondMs);
    startEdit(first, document, "push");
    await pass(sim, healMs);
    await expectSame(sim);
  },
};

/**
 * The same, but what stays is of the higher incarnation: only the line in its manifests tells the reader that this is not
 * what it has read.
 */
export const hiddenFork: Scenario = {
  name: "hidden fork",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    const other = createDocument(random.fork("other"), true);
    sim.documents.push(document, other);
    const first = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(first, document, "push");
    startEdit(first, other, "push");
    const reader = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    openDocument(reader, document);
    await pass(sim, silenceMs);
    const clone = openClone(sim, random, first);
    await pass(sim, 2 * secondMs);
    startEdit(clone, other, "push");
    await pass(sim, 2 * secondMs);
    startEdit(first, document, "push");
    await pass(sim, secondMs);
    for (const incarnation of reader.running) incarnation.engine.hint();
    await pass(sim, secondMs);
    loseDevice(sim, first);
    startEdit(clone, other, "push");
    await pass(sim, 2 * secondMs);
    startEdit(clone, other, "push");
    await pass(sim, healMs);
    await expectSame(sim);
  },
};

/**
 * What the one who flees had published was written over: it publishes it again, also where nothing new has come for that
 * document.
 */
export const writtenOver: Scenario = {
  name: "written over",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    const other = createDocument(random.fork("other"), true);
    sim.documents.push(document, other);
    const first = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(first, document, "push");
    await pass(sim, silenceMs);
    const clone = openClone(sim, random, first);
    await pass(sim, hurryMs);
    startEdit(clone, other, "push");
    await pass(sim, hurryMs);
    startEdit(first, document, "push");
    await pass(sim, hurryMs);
    startEdit(clone, other, "push");
    await pass(sim, 3 * secondMs);
    loseDevice(sim, clone);
    // The one that is left looks at its own manifest, and flees.
    await pass(sim, 10 * silenceMs);
    await expectSame(sim);
  },
};
