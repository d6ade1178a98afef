/** A call that always answers with something: an earlier build's worker answers with nothing whatever it does not know. */
import { PresyncError } from "../../shared/errors.ts";
import type { Call } from "../../shared/wire.ts";
import type { WorkerLink } from "./worker-link.ts";

/** Throws `version-mismatch` where the worker does not know the call, and what the call is answered with. */
export async function knownCall(link: Pick<WorkerLink, "call">, asked: Call): Promise<unknown> {
  const answer = await link.call(asked);
  if (answer === null) throw new PresyncError("version-mismatch", "the worker is an older one");
  return answer;
}
