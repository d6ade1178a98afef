/**
 * A simulation: devices, one bucket, one signer, and what happens between them. It starts and ends incarnations, and
 * tells the counters what it sees from outside.
 */
import type { DocumentId } from "@automerge/automerge-repo/slim";
import type { ReplicaId } from "../../shared/keys.ts";
import type { BucketModel, StoredObject } from "./bucket-model.ts";
import type { Contents } from "./contents.ts";
import type { Context } from "./context.ts";
import type { Device } from "./device.ts";
import type { SimulatedDocument } from "./edits.ts";
import type { Incarnation } from "./incarnation.ts";
import type { Life } from "./life.ts";
import type { Write } from "./observed.ts";
import type { SignerModel } from "./signer-model.ts";

export interface Simulation {
  readonly context: Context;
  readonly bucket: BucketModel;
  readonly signer: SignerModel;
  readonly contents: Contents;
  readonly devices: Device[];
  readonly documents: SimulatedDocument[];
  /** Copies of devices as a kill left them, to be recovered in the end. */
  readonly remembered: Device[];
  /** Starts an incarnation unless one is running or starting already; `overlapping` starts another. */
  start(device: Device, overlapping?: boolean): void;
  /** It has to get another replica id. */
  flee(incarnation: Incarnation): void;
  /** A later incarnation has taken over. */
  retire(device: Device, life: Life): void;
  /** All incarnations of a device end; with the power, its last transactions may be lost. */
  stop(device: Device, how: "killed" | "power lost"): void;
  toldUnavailable(incarnation: Incarnation, document: DocumentId): void;
  /** The store has taken a write. */
  wrote(write: Write, replaced: StoredObject | undefined, isLate: boolean): void;
  /** The ETag of a replica's manifest, as the store has last told a device. */
  lastSeen(device: Device, replica: ReplicaId): string | undefined;
  /** The store has answered about an object. */
  answered(device: Device, replica: ReplicaId, name: string, found: StoredObject | null): void;
}
