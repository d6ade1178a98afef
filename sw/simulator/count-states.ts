/** Interesting states of an incarnation, as they show on its disk and in what it was answered. */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { noAnswerCodes } from "../../shared/errors.ts";
import { manifestName, objectKey } from "../../shared/keys.ts";
import type { Context } from "./context.ts";
import type { Incarnation } from "./incarnation.ts";

const polled = new WeakSet<Incarnation>();

export function countStates(incarnation: Incarnation, { counters, observed }: Context): void {
  const { profile, engine, grant, life } = incarnation;
  const keys = [...profile.disk.values.keys()];
  if (keys.some((key) => key.startsWith("aside/")))
    counters.count("set aside what cannot be applied");
  if (keys.some((key) => key.startsWith("revoked/")))
    counters.count("revoked what was known of a document");
  const isWaiting = keys.some((key) => {
    const [where, document] = key.split("/");
    return where === "inbox" && engine.documents.loaded(document as DocumentId) !== undefined;
  });
  if (isWaiting) counters.count("waited for a dependency in the inbox");
  if (grant === null || polled.has(incarnation)) return;
  const isComplete = grant.peers.every(({ replica, state }) => {
    const key = objectKey(grant.namespace, replica, manifestName);
    return (
      state !== "active" ||
      observed.requests.some(
        (request) =>
          request.life === life.name &&
          request.key === key &&
          request.outcome !== null &&
          !noAnswerCodes.has(request.outcome as "unreachable"),
      )
    );
  });
  if (!isComplete) return;
  polled.add(incarnation);
  counters.count("completed a first poll");
}
