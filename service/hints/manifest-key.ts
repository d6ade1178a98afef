/** Whose manifest an object is. */
import type { Namespace, ReplicaId } from "../../shared/keys.ts";
import { isNamespace, isReplicaId, manifestName } from "../../shared/keys.ts";

/** Null for every other object: a manifest is written last, so nothing else says that there is something new. */
export function manifestOf(
  key: string,
): { readonly namespace: Namespace; readonly replica: ReplicaId } | null {
  const [namespace, replica, name, ...rest] = key.split("/");
  if (name !== manifestName || rest.length > 0) return null;
  return isNamespace(namespace) && isReplicaId(replica) ? { namespace, replica } : null;
}
