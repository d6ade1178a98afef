/**
 * The bucket as one grant lets one incarnation see it: the double of `presigned-bucket.ts`, with the same code for each
 * way in which HTTP fails. I4 is judged here, at every request.
 */
import type { ErrorCode } from "../../shared/errors.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { ReplicaId } from "../../shared/keys.ts";
import { manifestName, objectKey, objectNames } from "../../shared/keys.ts";
import { unpackDocumentId } from "../engine/packing.ts";
import type { Bucket, Fetched } from "../engine/world.ts";
import type { BucketModel, StoredObject } from "./bucket-model.ts";
import type { Context } from "./context.ts";
import type { DeviceClock } from "./device-clock.ts";
import type { DecodedObject } from "./decode-object.ts";
import { decodeObject } from "./decode-object.ts";
import type { Life } from "./life.ts";
import type { Request, Write } from "./observed.ts";
import type { Plan } from "./request-plan.ts";
import { planGet, planPut } from "./request-plan.ts";
import type { SimulatedGrant } from "./signer-model.ts";
import { fingerprint } from "./trace.ts";

/** As in `presigned-bucket.ts`: near expiry an unreadable failure may be a refusal. */
const nearExpiryMs = 60_000;

const failedFetchMs = 5;

export interface GrantedBucketParts {
  readonly context: Context;
  readonly model: BucketModel;
  readonly life: Life;
  readonly grant: SimulatedGrant;
  readonly clock: DeviceClock;
  readonly isOnline: () => boolean;
  /** How often something has asked this incarnation to make haste. */
  readonly urges: () => number;
  /** The store has taken a write. */
  readonly wrote: (write: Write, replaced: StoredObject | undefined, isLate: boolean) => void;
  /** The store has answered about an object. */
  readonly answered: (replica: ReplicaId, name: string, found: StoredObject | null) => void;
}

function documentsIn(decoded: DecodedObject | null): string[] {
  if (decoded === null) return [];
  const pack = decoded.kind === "manifest" ? decoded.manifest.tail : decoded.segment.pack;
  return pack.documents.map(({ documentId }) => unpackDocumentId(documentId));
}

export function createGrantedBucket(parts: GrantedBucketParts): Bucket {
  const { context, model, life, grant, clock } = parts;
  const { scheduler, observed, trace } = context;
  const { namespace, replica, layout } = grant;
  const names = new Set(objectNames(layout));
  const readable = new Set<ReplicaId>([replica, ...grant.peers.map((peer) => peer.replica)]);

  const fail = (code: ErrorCode, key: string, message: string): PresyncError =>
    // The cause is what a browser might say, with the URL in it: nothing of it may come out anywhere.
    new PresyncError(code, message, { key, cause: new Error(`https://bucket/${grant.secret}`) });

  const trespass = (method: string, key: string): never => {
    observed.trespasses.push(`${life.name} asked to ${method} ${key}, for which it has no grant`);
    throw fail("denied", key, "no grant for this object");
  };

  const noAnswer = (method: "GET" | "PUT"): ErrorCode => {
    if (clock.now() > grant.expiresAt - nearExpiryMs) return "expired";
    return method === "PUT" ? "outcome-unknown" : "unreachable";
  };

  /** Makes a request: its effect, where it has one, and its answer come at times of their own. */
  const request = <T>(
    method: "GET" | "PUT",
    key: string,
    detail: string,
    plan: Plan,
    effect: (isLate: boolean) => T,
  ): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      if (!life.isAlive) return;
      const call = context.begin(life, `bucket.${method}`, `${key} ${detail} ${plan.label}`);
      const record: Request = {
        device: life.device,
        life: life.name,
        replica,
        method,
        key,
        at: scheduler.now,
        outcome: null,
        answeredAt: null,
        urges: parts.urges(),
        peers: readable.size,
      };
      observed.requests.push(record);
      let result: { value: T } | { code: ErrorCode } | null = null;
      const answer = (code: ErrorCode | null): void => {
        const failure = code ?? (result !== null && "code" in result ? result.code : null);
        record.outcome = failure ?? "ok";
        record.answeredAt = scheduler.now;
        trace.add(context.elapsed(), `${call.number} ${record.outcome}`);
        if (!life.isAlive) return;
        if (failure !== null) return reject(fail(failure, key, `the store answered: ${failure}`));
        if (result !== null && "value" in result) resolve(result.value);
      };
      if (!parts.isOnline()) {
        scheduler.after(failedFetchMs, () => answer(noAnswer(method)));
        return;
      }
      const take = (isLate: boolean): void => {
        if (life.isAlive && !isLate && context.isKilledAt(call, "before"))
          context.kill(life, "some");
        // A dead one's request is on its way all the same, unless it never left.
        if (!life.isAlive && !plan.survivesDeath) return;
        if (scheduler.now > grant.expiresAt) {
          result = { code: "expired" };
          context.counters.count("met an expired grant");
        } else {
          const value = effect(isLate);
          if (!isLate) result = { value };
          if (!life.isAlive && method === "PUT")
            context.counters.count("landed the PUT of a dead incarnation");
        }
        if (life.isAlive && !isLate && context.isKilledAt(call, "after"))
          context.kill(life, "some");
      };
      for (const [index, delayMs] of plan.effectsAfterMs.entries()) {
        const isLate = index > 0 || delayMs > plan.answerAfterMs;
        scheduler.after(delayMs, () => take(isLate));
      }
      scheduler.after(plan.answerAfterMs, () =>
        answer(plan.code === "no answer" ? noAnswer(method) : plan.code),
      );
    });

  return {
    namespace,
    replica,
    layout,
    peers: () => grant.peers,
    async put(name, bytes) {
      const key = objectKey(namespace, replica, name);
      if (!names.has(name)) return trespass("PUT", key);
      if (!life.isAlive) return new Promise(() => {});
      const copy = bytes.slice();
      const decoded = decodeObject(copy);
      const write: Write = {
        call: observed.writes.length,
        device: life.device,
        life: life.name,
        replica,
        name,
        fingerprint: fingerprint(copy),
        size: copy.length,
        generation: decoded?.generation ?? -1,
        manifest: decoded?.kind === "manifest" ? decoded.manifest : null,
        range: decoded?.kind === "segment" ? decoded.segment.pack : null,
        documents: documentsIn(decoded),
        requestedAt: scheduler.now,
        effects: [],
        acknowledgedAt: null,
      };
      observed.writes.push(write);
      const plan = planPut(context, name === manifestName);
      await request("PUT", key, `${copy.length} ${write.fingerprint}`, plan, (isLate) => {
        const replaced = model.objects.get(key);
        model.write(key, copy, life.device, scheduler.now);
        write.effects.push(scheduler.now);
        parts.wrote(write, replaced, isLate);
      });
      write.acknowledgedAt = scheduler.now;
    },
    async get(of, name, { knownEtag, reload = false } = {}) {
      const key = objectKey(namespace, of, name);
      if (!readable.has(of) || !names.has(name)) return trespass("GET", key);
      const plan = planGet(context, reload);
      return request("GET", key, "", plan, (): Fetched | "unchanged" | null => {
        const newest = model.objects.get(key) ?? null;
        const stale =
          plan.staleMs > 0 ? model.earlier(key, scheduler.now, plan.staleMs) : undefined;
        const found = stale === undefined ? newest : stale;
        parts.answered(of, name, found);
        if (found === null) return null;
        if (found.etag === knownEtag) return "unchanged";
        const length = Math.floor(found.bytes.length * plan.bodyShare);
        return { bytes: found.bytes.slice(0, length), etag: found.etag };
      });
    },
  };
}
