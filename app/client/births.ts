/**
 * Births of named documents. Every browser that opens `name` with the same `init` makes the very same changes, so
 * documents born apart are one document: the id follows from the name, and each top-level key is one change by an
 * actor of its own, at time 0, without dependencies. A later version of an app may add keys.
 *
 * A birth creates empty containers and plain scalars only. What a container holds would be created once on every
 * device, and deleted or doubled as one of them.
 */
import * as A from "@automerge/automerge/slim";
import type { AutomergeUrl, BinaryDocumentId } from "@automerge/automerge-repo/slim";
import { stringifyAutomergeUrl } from "@automerge/automerge-repo/slim";
import { PresyncError } from "../../shared/errors.ts";
import { bytesToHex } from "../../shared/hex.ts";

/** Raised when the same name and init would give another document: then all devices must agree on it. */
const birthFormat = "presync birth 1";
const nameFormat = "presync document 1";

const idBytes = 16;

/** Longer names help nobody, and are likely a mistake: content where a name was meant. */
const nameLengthMax = 512;

export async function namedDocumentUrl(name: string): Promise<AutomergeUrl> {
  if (typeof name !== "string" || name.length === 0 || name.length > nameLengthMax)
    throw new PresyncError(
      "invalid-argument",
      "a document's name is a text of 1 to 512 characters",
    );
  const id = (await digest([nameFormat, name])).slice(0, idBytes);
  return stringifyAutomergeUrl(id as BinaryDocumentId);
}

/** The changes that give birth to `init`, one after the other, to be loaded into any document. */
export async function birthOf(init: Readonly<Record<string, unknown>>): Promise<Uint8Array> {
  if (!isPlainObject(init))
    throw new PresyncError("invalid-argument", "a document is born from a plain object");
  const changes: Uint8Array[] = [];
  for (const [key, value] of Object.entries(init)) changes.push(await birthOfKey(key, value));
  const bytes = new Uint8Array(changes.reduce((sum, change) => sum + change.length, 0));
  let at = 0;
  for (const change of changes) {
    bytes.set(change, at);
    at += change.length;
  }
  return bytes;
}

/** Throws where a key of `init` is of another kind in the document: an older version of the app created it so. */
export function checkKinds(doc: object, init: Readonly<Record<string, unknown>>): void {
  for (const [key, value] of Object.entries(init)) {
    const found = (doc as Record<string, unknown>)[key];
    if (found === undefined) continue;
    if (containerKind(found) !== containerKind(value))
      throw new PresyncError(
        "invalid-argument",
        `"${key}" is of another kind in the document than in init; use a new key instead`,
      );
  }
}

async function birthOfKey(key: string, value: unknown): Promise<Uint8Array> {
  const kind = bornKind(key, value);
  const identity =
    kind === "scalar" ? [birthFormat, key, kind, JSON.stringify(value)] : [birthFormat, key, kind];
  const actor = bytesToHex((await digest(identity)).slice(0, idBytes));
  const doc = A.change(A.init<Record<string, unknown>>(actor), { time: 0 }, (draft) => {
    draft[key] = value;
  });
  const change = A.getLastLocalChange(doc);
  if (change === undefined) throw new PresyncError("internal", "a birth without a change");
  return change;
}

type Kind = "map" | "list" | "text" | "scalar";

function bornKind(key: string, value: unknown): Kind {
  const refuse = (why: string): never => {
    throw new PresyncError("invalid-argument", `init: "${key}" ${why}`);
  };
  if (typeof value === "number" && !Number.isFinite(value)) return refuse("is not a finite number");
  if (value === null || typeof value === "boolean" || typeof value === "number") return "scalar";
  if (typeof value === "string")
    return value === "" ? "text" : refuse("must be empty: texts are filled after open()");
  if (Array.isArray(value))
    return value.length === 0 ? "list" : refuse("must be empty: lists are filled after open()");
  if (isPlainObject(value))
    return Object.keys(value).length === 0
      ? "map"
      : refuse("must be empty: maps are filled after open()");
  return refuse("must be an empty list, map or text, a number, a boolean or null");
}

function containerKind(value: unknown): Kind {
  if (typeof value === "string") return "text";
  if (Array.isArray(value)) return "list";
  return isPlainObject(value) ? "map" : "scalar";
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/** SHA-256 over the parts, each preceded by its length, so that no two lists of parts read alike. */
async function digest(parts: readonly string[]): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const text = parts.map((part) => `${encoder.encode(part).length}:${part}`).join("");
  return new Uint8Array(await crypto.subtle.digest("SHA-256", encoder.encode(text)));
}
