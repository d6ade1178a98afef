/**
 * Everything of a user as one archive, a tar file:
 *
 *     account.json                    what the service keeps: devices, and which objects there are
 *     objects/<replica>/…             the objects in the bucket, as they are (docs/protocol.md)
 *     documents/<id>.json             each document that this device knows of, readable by anybody
 *     documents/<id>.automerge        the same with its history, for Automerge
 *
 * The signed URLs with which objects are fetched stay here.
 */
import * as A from "@automerge/automerge/slim";
import type { DocumentId } from "@automerge/automerge-repo/slim";
import { isValidDocumentId } from "@automerge/automerge-repo/slim";
import type { ExportAnswer, ExportedObject, ExportRequest } from "../shared/devices.ts";
import { PresyncError } from "../shared/errors.ts";
import { dirtyKey } from "./engine/dirty-set.ts";
import type { Engine } from "./engine/engine.ts";
import { frontierPrefix } from "./engine/frontier.ts";
import type { Disk } from "./engine/world.ts";
import { tarEntry } from "./tar.ts";

export interface ExportParts {
  readonly disk: Pick<Disk, "keys">;
  readonly engine: Pick<Engine, "peek">;
  readonly ask: (path: string, body: object) => Promise<unknown>;
}

/** Throws what the service or the store fails with. */
export async function exportEverything({ disk, engine, ask }: ExportParts): Promise<Blob> {
  const parts: BlobPart[] = [];
  const add = (name: string, content: BlobPart): void => {
    parts.push(...tarEntry(name, new Blob([content])));
  };
  const listed: Omit<ExportedObject, "url">[] = [];
  let answer: ExportAnswer;
  do {
    const asked: ExportRequest = { after: listed.at(-1)?.name ?? "" };
    answer = (await ask("everything/export", asked)) as ExportAnswer;
    for (const { url, ...object } of answer.objects) {
      listed.push(object);
      const content = await read(url, object.name);
      if (content !== null) add(`objects/${object.name}`, content);
    }
  } while (answer.more);
  const { objects: _, more: __, ...account } = answer;
  add("account.json", JSON.stringify({ ...account, objects: listed }, null, 2));
  for (const id of await documentIds(disk)) {
    const found = await engine.peek(id, (doc) => ({ content: doc, saved: A.save(doc).slice() }));
    if (found === null) continue;
    add(`documents/${id}.json`, JSON.stringify(found.content, null, 2));
    add(`documents/${id}.automerge`, found.saved);
  }
  // Two empty blocks are the end.
  return new Blob([...parts, new Uint8Array(1024)], { type: "application/x-tar" });
}

/** Null for what is gone since it was listed. */
async function read(url: string, name: string): Promise<Blob | null> {
  // The cause of a failure is left out: a browser may put the URL into its message.
  const response = await fetch(url, { cache: "no-store", credentials: "omit" }).catch(() => null);
  if (response?.status === 404) return null;
  const content = response?.ok ? await response.blob().catch(() => null) : null;
  if (content === null)
    throw new PresyncError("unreachable", "the store did not give an object", { key: name });
  return content;
}

/** Of all that any device has published, and of what this one has not published yet. */
async function documentIds(disk: Pick<Disk, "keys">): Promise<ReadonlySet<DocumentId>> {
  const keys = [...(await disk.keys(frontierPrefix)), ...(await disk.keys(dirtyKey("")))];
  return new Set(keys.flatMap((key) => key.split("/")).filter(isValidDocumentId));
}
