/** Who else is on the list right now, and where they write: what this page tells the others of itself, and reads of them. */
import type { Other } from "presync";
import { Automerge } from "presync";
import type { ListHandle } from "./list-document.ts";

/** Where in an item somebody writes. */
export interface Place {
  readonly item: string;
  readonly key: "text" | "note";
  /** Sticks to the letter that it stands before, wherever that letter moves to. */
  readonly cursor: Automerge.Cursor;
}

/** What each page says of itself. */
export interface Visitor {
  readonly name: string;
  readonly at: Place | null;
}

/** Somebody, as the page shows them. */
export interface Guest {
  readonly tab: string;
  readonly name: string;
  /** The same one in every page: a colour's number. */
  readonly hue: number;
  readonly at: Place | null;
}

export const hues = 6;

const nameLengthMax = 40;

/** States come from other pages, and those may be of another version: what is not understood is left out. */
export function guestsOf(others: readonly Other<unknown>[]): Guest[] {
  return others.flatMap(({ tab, state, isSameBrowser }) => {
    const { name, at } = (state ?? {}) as Partial<Record<keyof Visitor, unknown>>;
    if (typeof name !== "string" || name.trim() === "") return [];
    const shown = name.slice(0, nameLengthMax) + (isSameBrowser ? ", another tab" : "");
    return [{ tab, name: shown, hue: hueOf(tab), at: isPlace(at) ? at : null }];
  });
}

/** For a caret at that place of the text. */
export function placeAt(list: ListHandle, item: string, key: Place["key"], index: number): Place {
  const { length } = list.doc().items[item]?.[key] ?? "";
  const position = index < length ? index : "end";
  return { item, key, cursor: Automerge.getCursor(list.doc(), ["items", item, key], position) };
}

/** Where that is in the text now; null where the letter it stands before has not arrived here yet. */
export function indexOf(list: ListHandle, { item, key, cursor }: Place): number | null {
  try {
    return Automerge.getCursorPosition(list.doc(), ["items", item, key], cursor);
  } catch {
    return null;
  }
}

/** What a user calls it: "Firefox on Linux". */
export function browserName(userAgent: string): string {
  const find = (names: readonly (readonly [RegExp, string])[]): string =>
    names.find(([pattern]) => pattern.test(userAgent))?.[1] ?? "";
  const [browser, system] = [find(browsers) || "Browser", find(systems)];
  return system === "" ? browser : `${browser} on ${system}`;
}

/** Each names the ones after it as well. */
const browsers = [
  [/Edg/, "Edge"],
  [/OPR\//, "Opera"],
  [/Firefox|FxiOS/, "Firefox"],
  [/Chrome|Chromium|CriOS/, "Chrome"],
  [/Safari/, "Safari"],
] as const;
const systems = [
  [/Android/, "Android"],
  [/iPhone|iPod/, "iPhone"],
  [/iPad/, "iPad"],
  [/Mac OS X/, "Mac"],
  [/Windows/, "Windows"],
  [/CrOS/, "Chromebook"],
  [/Linux/, "Linux"],
] as const;

function hueOf(tab: string): number {
  let sum = 0;
  for (const letter of tab) sum = (sum * 31 + letter.charCodeAt(0)) % 65_521;
  return sum % hues;
}

function isPlace(at: unknown): at is Place {
  if (typeof at !== "object" || at === null) return false;
  const { item, key, cursor } = at as Partial<Record<keyof Place, unknown>>;
  const isKnown = key === "text" || key === "note";
  return typeof item === "string" && isKnown && typeof cursor === "string";
}
