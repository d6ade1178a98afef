/**
 * A device without a way to the store sends its edits over a channel to another one, and is lost. Whoever has them
 * publishes them when they have not come out of the bucket for some seconds: what came from a peer is news, and says
 * nothing of what the bucket has (FR-1).
 */
import type { Device } from "../device.ts";
import type { SimulatedDocument } from "../edits.ts";
import { createDocument } from "../edits.ts";
import type { Scenario } from "../scenarios.ts";
import { loseDevice, openDevice, openDocument, pass, setOnline, startEdit } from "../stage.ts";

const secondMs = 1_000;
const minuteMs = 60_000;

/** Longer than what a peer sent is held. */
const heldMs: number = 20 * secondMs;
/** Each hold ends at another fraction of a millisecond. */
const holds = 12;

export const sentByAPeer: Scenario = {
  name: "sent by a peer",
  async tell(sim, random) {
    const document = createDocument(random.fork("document"), true);
    sim.documents.push(document);
    const writer = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    startEdit(writer, document, "push");
    await pass(sim, 5 * secondMs);
    const reader = openDevice(sim, random);
    await pass(sim, 5 * secondMs);
    openDocument(reader, document);
    await pass(sim, 10 * secondMs);
    setOnline(writer, false);
    for (let count = 0; count < 3; count++) {
      startEdit(writer, document, "push");
      await pass(sim, 2 * secondMs);
      sendAll(writer, reader, document);
      await pass(sim, secondMs);
    }
    const { observed } = sim.context;
    if (reader.running.at(-1)?.engine.status().bucket === "saved")
      observed.unexpected.push("what came from a peer is said to be in the bucket");
    const expectPublished = (): void => {
      if (reader.running.at(-1)?.engine.status().bucket !== "saved")
        observed.unexpected.push("what came from a peer was never published");
    };
    for (let count = 0; count < holds; count++) {
      await pass(sim, heldMs);
      expectPublished();
      startEdit(writer, document, "push");
      await pass(sim, secondMs);
      sendAll(writer, reader, document);
    }
    loseDevice(sim, writer);
    await pass(sim, 5 * minuteMs);
    expectPublished();
  },
};

/** All that one device has beyond the bucket; the other one takes it in as it comes off a channel. */
function sendAll(from: Device, to: Device, { id }: SimulatedDocument): void {
  const [sender, receiver] = [from.running.at(-1)?.engine, to.running.at(-1)?.engine];
  const { grant } = from.registry;
  if (sender === undefined || receiver === undefined || grant === null) return;
  sender.news
    .take(id, [])
    .then((news) => {
      const publications = news === null ? [] : [{ from: grant.replica, document: news }];
      return receiver.news.receive(id, publications, () => undefined);
    })
    .catch(() => undefined);
}
