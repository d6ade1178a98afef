/** A system that syncs documents, as the benchmarks use it: the same for presync and for its peers. */
import type { Dataset } from "../documents.ts";
import type { Network } from "../network/links.ts";

export type SystemName = "presync" | "automerge-repo" | "y-websocket" | "hocuspocus";

/** One client with one text open. */
export interface LiveText {
  text(): string;
  /** Replaces `deleted` characters at `position`. */
  splice(position: number, deleted: number, inserted: string): void;
  /** Calls `action` once, as soon as `check` holds after a change. */
  onceChanged(check: () => boolean, action: () => void): void;
}

export interface LiveClients {
  readonly writer: LiveText;
  readonly reader: LiveText;
  /** Bytes of the writer's connection and of the reader's so far. */
  bytes(): Promise<{ readonly writer: Traffic; readonly reader: Traffic }>;
  close(): Promise<void>;
}

/** `up` and `down` as seen from the client; payload of TCP with all headers, and of HTTP the bodies alone. */
export interface Traffic {
  readonly up: number;
  readonly down: number;
  readonly bodyUp?: number;
  readonly bodyDown?: number;
  readonly requests?: number;
}

/** What a client without anything needs to reach the server; travels to another process. */
export type Address = unknown;

export interface ColdRead {
  /** Everything is on the device's disk; null where the system knows no such moment. */
  readonly durableMs: number | null;
  /** Every document has been opened, and its content read; null where that was not asked for. */
  readonly readMs: number | null;
  /** A handle of every document is there, and was read. */
  readonly openedMs: number | null;
  /** See `expectedReading`. */
  readonly reading: number | null;
  readonly memory: ClientMemory;
  /** The same before any document was opened, where there is such a moment. */
  readonly memoryUnopened: ClientMemory | null;
  /** Requests by kind, where the system has requests. */
  readonly requests: Readonly<Record<string, number>> | null;
  /** Body bytes received, where bodies can be told from headers. */
  readonly bodyBytes: number | null;
}

export interface ClientMemory {
  readonly heapBytes: number;
  readonly wasmBytes: number;
}

/** Something that holds a dataset, or an empty text, and can be reached. */
export interface Hosted {
  /** Two clients that have the same empty text open, `roundTripMs` away from the server. */
  live(network: Network, roundTripMs: number): Promise<LiveClients>;
  /** The address for one more client, and how many bytes it has moved. */
  admit(
    network: Network,
    roundTripMs: number,
  ): Promise<{ readonly address: Address; bytes(): Promise<Traffic> }>;
  close(): Promise<void>;
}

/** What every system can do. */
export interface System {
  readonly name: SystemName;
  host(dataset: Dataset): Promise<Hosted>;
  /** For a client with nothing, in a process of its own: reads every document of the dataset. */
  coldRead(address: Address, dataset: Dataset, opens: boolean): Promise<ColdRead>;
}

/** The text that `live` opens, in a dataset of its own. */
export const emptyText: Dataset = { kind: "text", count: 0 };
