/**
 * What was observed in a run, for the judges: plain records, made by the models and the harness, never by the engine.
 */
import type { Manifest } from "../../shared/codecs/manifest.ts";

/** One edit of somebody, which is one change of one document. */
export interface Edit {
  readonly document: string;
  readonly hash: string;
  /** What it builds on. */
  readonly deps: readonly string[];
  readonly device: string;
  readonly life: string;
  readonly at: number;
  /** Made while nobody was signed in. */
  readonly signedOut: boolean;
  /** When it was acknowledged as stored on the device. */
  storedAt: number | null;
  /** When it was acknowledged as stored in the bucket, and by which replica. */
  inBucketAt: number | null;
  inBucketBy: string | null;
  /** Why nobody may ask for it any more: its every holder was lost by what the protocol cannot prevent. */
  excused: string | null;
}

/** One attempt to write an object. */
export interface Write {
  readonly call: number;
  readonly device: string;
  readonly life: string;
  readonly replica: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly size: number;
  readonly generation: number;
  /** Of a manifest. */
  readonly manifest: Manifest | null;
  /** Of a segment. */
  readonly range: { readonly first: number; readonly last: number } | null;
  /** What it is about. */
  readonly documents: readonly string[];
  readonly requestedAt: number;
  /** When it took effect; more than once where it was duplicated. */
  readonly effects: number[];
  /** When it was answered with success. */
  acknowledgedAt: number | null;
}

/** A device's clock was put forward: what it waits for seems to be over. */
export interface PutForward {
  readonly device: string;
  readonly at: number;
}

/** An object written by somebody else than its replica's owner, or taken away. */
export interface Tampering {
  readonly key: string;
  readonly at: number;
}

export interface Request {
  readonly device: string;
  readonly life: string;
  /** As whom it was made. */
  readonly replica: string;
  readonly method: "GET" | "PUT";
  readonly key: string;
  readonly at: number;
  /** `ok`, or the code of what was thrown; null while it is under way. */
  outcome: string | null;
  answeredAt: number | null;
  /** How often, by then, something had asked that incarnation to make haste. */
  readonly urges: number;
  /** How many replicas it may read. */
  readonly peers: number;
}

export interface HeldDocument {
  readonly heads: string;
  /** The content, as canonical JSON. */
  readonly json: string;
  /** The same as the handle shows it. */
  readonly shown: string;
}

/** What one device has in the end. */
export interface Holding {
  readonly device: string;
  readonly isCold: boolean;
  /** By document. */
  readonly documents: ReadonlyMap<string, HeldDocument>;
  /** Hashes of all changes, by document. */
  readonly changes: ReadonlyMap<string, ReadonlySet<string>>;
  /** The edits that were acknowledged as stored on this device, and so must be here. */
  readonly stored: readonly Edit[];
}

/** What a device's storage held when an incarnation of it had ended. */
export interface Inspection {
  readonly device: string;
  readonly at: number;
  readonly missing: readonly string[];
}

export interface Observed {
  /** Where everything lies in the bucket. */
  signerNamespace: string;
  readonly edits: Edit[];
  readonly writes: Write[];
  readonly tamperings: Tampering[];
  readonly putForward: PutForward[];
  /** Incarnations that a later one has superseded. */
  readonly superseded: Set<string>;
  readonly requests: Request[];
  /** I4: requests outside of what was granted, in words. */
  readonly trespasses: string[];
  /** I8: every (document, actor, seq) seen, with the hashes it named. */
  readonly names: Map<string, Set<string>>;
  /** What each change builds on. */
  readonly dependencies: Map<string, readonly string[]>;
  readonly inspections: Inspection[];
  /** I1: acknowledged as in the bucket, and not there. */
  readonly premature: string[];
  /** I14: what lies in a Repo's storage and is nothing of Automerge's. */
  readonly unsound: string[];
  /** Documents that nobody may ask to be whole yet: see `capabilities.ts`. */
  readonly unhealed: Set<string>;
  /** Documents of which a lost source had something that is not in the bucket again. */
  readonly stillLost: Set<string>;
  /** I9: what differed between recovering once and twice. */
  readonly recoveries: string[];
  /** I10: reads that went back, or lacked what was written before. */
  readonly stepsBack: string[];
  /** I12: where the secret was seen. */
  readonly leaks: string[];
  /** Documents called unavailable although somebody had not answered yet. */
  readonly unfounded: string[];
  /** What a scenario did not expect, in words. */
  readonly unexpected: string[];
  /** Rejections and exceptions that nobody caught. */
  readonly uncaught: string[];
  /** What keeps phase two from coming to rest, in words; empty where it came. */
  readonly unrest: string[];
  readonly holdings: Holding[];
  /** What each live device's manifest should be, and what the bucket has, in the end. */
  readonly manifestsAtEnd: {
    readonly device: string;
    readonly replica: string;
    readonly acknowledged: number;
    /** Of the manifest that was acknowledged last. */
    readonly fingerprint: string | null;
    readonly inBucket: number | null;
  }[];
  /** Objects and bytes below each prefix in the end, with the limits that hold there. */
  readonly prefixes: {
    readonly replica: string;
    readonly objects: number;
    readonly objectsMax: number;
    readonly bytes: number;
    /** What all documents together would take, saved by themselves. */
    readonly compacted: number;
    /** A device that is there has this id: nobody else tidies up below it. */
    readonly isOwned: boolean;
  }[];
}

export function createObserved(): Observed {
  return {
    signerNamespace: "",
    edits: [],
    writes: [],
    tamperings: [],
    putForward: [],
    superseded: new Set(),
    requests: [],
    trespasses: [],
    names: new Map(),
    dependencies: new Map(),
    inspections: [],
    premature: [],
    unsound: [],
    unhealed: new Set(),
    stillLost: new Set(),
    recoveries: [],
    stepsBack: [],
    leaks: [],
    unfounded: [],
    unexpected: [],
    uncaught: [],
    unrest: [],
    holdings: [],
    manifestsAtEnd: [],
    prefixes: [],
  };
}
