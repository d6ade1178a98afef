/**
 * Names of objects in the bucket. Every segment is checked against an allow-list before a key is built or
 * signed: `a/../b` and `%2e%2e` would be signed as another key, so nothing but these characters may pass.
 */
import { PresyncError } from "./errors.ts";

/** `github:583231`, `email:<hash>`, `key:<thumbprint>`, `space:<id>`: the unit of access. */
export type Namespace = string & { readonly __brand: "namespace" };
/** `browser-1f0a…` or `node-1f0a…`: the only writer below `<namespace>/<replica>/`. */
export type ReplicaId = string & { readonly __brand: "replica" };

const namespacePattern = /^[a-z]{2,16}:[A-Za-z0-9_-]{1,128}$/;
const replicaPattern = /^(?:browser|node)-[0-9a-f]{6,32}$/;

/** How many fixed keys a replica has; a grant says which layout it was signed for. */
export interface Layout {
  readonly levels: number;
  readonly slotsPerLevel: number;
}

/**
 * Five levels hold 8^5 spilled tails before the top has to merge into itself; ten slots are a fan-out of eight and
 * two that wait to be free again.
 */
export const defaultLayout: Layout = { levels: 5, slotsPerLevel: 10 };

/** A manifest has room for eight. */
const levelsMax = 8;

/** A bound that no sensible layout reaches: what a grant may claim is limited before anything is allocated. */
const segmentKeysMax = 256;

export function isNamespace(text: unknown): text is Namespace {
  return typeof text === "string" && namespacePattern.test(text);
}

export function isReplicaId(text: unknown): text is ReplicaId {
  return typeof text === "string" && replicaPattern.test(text);
}

export function parseNamespace(text: unknown): Namespace {
  if (isNamespace(text)) return text;
  throw new PresyncError("invalid-argument", "not a namespace");
}

export function parseReplicaId(text: unknown): ReplicaId {
  if (isReplicaId(text)) return text;
  throw new PresyncError("invalid-argument", "not a replica id");
}

/** The names below a replica's prefix, in the order in which a grant lists their signatures. */
export function objectNames(layout: Layout): string[] {
  const { levels, slotsPerLevel } = layout;
  const sane =
    Number.isInteger(levels) &&
    Number.isInteger(slotsPerLevel) &&
    levels >= 1 &&
    levels <= levelsMax &&
    slotsPerLevel >= 3 &&
    levels * slotsPerLevel <= segmentKeysMax;
  if (!sane) throw new PresyncError("invalid-argument", "not a layout");
  const names = [manifestName, signalName];
  for (let level = 0; level < levels; level++)
    for (let slot = 0; slot < slotsPerLevel; slot++) names.push(segmentName(level, slot));
  return names;
}

export const manifestName = "manifest";
export const signalName = "signal";

export function segmentName(level: number, slot: number): string {
  return `seg/${level}/${slot}`;
}

/** The object key `<namespace>/<replica>/<name>`. */
export function objectKey(namespace: Namespace, replica: ReplicaId, name: string): string {
  return `${namespace}/${replica}/${name}`;
}
