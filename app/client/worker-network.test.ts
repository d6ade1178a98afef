import type { DocumentId, Message, PeerId } from "@automerge/automerge-repo/slim";
import { Repo, parseAutomergeUrl } from "@automerge/automerge-repo";
import { expect, test } from "vitest";
import { namedDocumentUrl } from "./births.ts";
import { WorkerNetwork } from "./worker-network.ts";

const tick = (): Promise<void> =>
  new Promise((resolve) => {
    setTimeout(resolve, 0);
  });

test("a document that is waited for when the worker ends is asked of the next one", async () => {
  const sent: Message[] = [];
  const network = new WorkerNetwork({
    heard() {},
    needed() {},
    send: (message) => sent.push(message),
  });
  const repo = new Repo({ network: [network], peerId: "tab" as PeerId });
  const url = await namedDocumentUrl("todos");
  const { documentId } = parseAutomergeUrl(url) as { documentId: DocumentId };
  const askedOf = (): (PeerId | undefined)[] => sent.map(({ targetId }) => targetId);
  network.setWorker("first worker" as PeerId);
  const found = repo.find(url);
  found.catch(() => undefined);
  await expect.poll(askedOf).toEqual(["first worker"]);

  network.setWorker(undefined);
  await tick();
  expect(repo.handles[documentId]?.state).toBe("requesting");
  network.setWorker("second worker" as PeerId);
  await expect.poll(askedOf).toEqual(["first worker", "second worker"]);
  await tick();
  expect(repo.handles[documentId]?.state).toBe("requesting");
  expect(repo.peers).toEqual(["second worker"]);

  network.disconnect();
  expect(repo.peers).toEqual([]);
});
