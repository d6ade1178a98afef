/** What becomes of one request: drawn when it is made, so that everything after it only happens. */
import type { ErrorCode } from "../../shared/errors.ts";
import type { Context } from "./context.ts";

export interface Plan {
  /** For the trace. */
  readonly label: string;
  /** When it takes effect, counted from the request; none where it never arrives, two where it is duplicated. */
  readonly effectsAfterMs: readonly number[];
  readonly answerAfterMs: number;
  /** What the answer is; null where it is the effect's own. */
  readonly code: ErrorCode | "no answer" | null;
  /** Whether it arrives although its incarnation has died meanwhile. */
  readonly survivesDeath: boolean;
  /** How far out of date the answer may be. */
  readonly staleMs: number;
  /** How much of the body arrives. */
  readonly bodyShare: number;
}

const latencyMsMin = 20;
const latencyMsMax = 250;
/** After so long the client gives up. */
const answerMsMax = 30_000;
/** A PUT may land as late as this: stores give up on a request long before. */
const lateMsMax = 14 * 60_000;
const reorderMsMax = 20_000;
const slowMsMax = 25_000;
const staleMsMax = 120_000;

/** What a status means: the same table as that of `presigned-bucket.ts`. */
const refusals = [
  ["403 expired", "expired"],
  ["409", "retry"],
  ["412", "conflict"],
  ["429", "retry"],
  ["5xx", "retry"],
  ["other status", "unexpected-answer"],
] as const;

function draw(context: Context, isPut: boolean): { plan: Plan; isPlain: boolean } {
  const { random, faults } = context;
  const effectAfterMs = random.between(latencyMsMin, latencyMsMax);
  const answerAfterMs = effectAfterMs + random.between(latencyMsMin, latencyMsMax);
  const plain: Plan = {
    label: "",
    effectsAfterMs: [effectAfterMs],
    answerAfterMs,
    code: null,
    survivesDeath: random.chance(0.5),
    staleMs: 0,
    bodyShare: 1,
  };
  const other = (label: string, change: Partial<Plan>): { plan: Plan; isPlain: boolean } => ({
    plan: { ...plain, label, ...change },
    isPlain: false,
  });
  if (faults.hits("lost request"))
    return other("lost", { effectsAfterMs: [], answerAfterMs: answerMsMax, code: "no answer" });
  if (faults.hits("lost answer"))
    return other("unanswered", { answerAfterMs: answerMsMax, code: "no answer" });
  for (const [kind, code] of refusals)
    if (faults.hits(kind)) {
      // A refused PUT has had no effect; a gateway's 5xx says nothing, but that is another fault.
      const isUnclear = !isPut && kind === "5xx";
      return other(kind, { effectsAfterMs: isUnclear ? [effectAfterMs] : [], code });
    }
  if (faults.hits("reordered")) {
    const moreMs = random.between(1_000, reorderMsMax);
    return other("reordered", {
      effectsAfterMs: [effectAfterMs + moreMs],
      answerAfterMs: answerAfterMs + moreMs,
    });
  }
  if (faults.hits("slow body"))
    return other("slow", { answerAfterMs: answerAfterMs + random.between(1_000, slowMsMax) });
  return { plan: plain, isPlain: true };
}

export function planPut(context: Context, isManifest: boolean): Plan {
  const { random, faults } = context;
  const { plan, isPlain } = draw(context, true);
  if (!isPlain) return plan;
  const lateMs = random.magnitude(answerMsMax + 1_000, lateMsMax);
  if (faults.hits("late PUT"))
    return {
      ...plan,
      label: "late",
      effectsAfterMs: [lateMs],
      answerAfterMs: answerMsMax,
      code: "no answer",
      survivesDeath: true,
    };
  if (faults.hits("late PUT behind a 504"))
    return { ...plan, label: "504", effectsAfterMs: [lateMs], code: "retry", survivesDeath: true };
  if (faults.hits("duplicate PUT")) {
    // After a good answer, a second copy of a manifest is mended by its owner; of a segment there can be none.
    const secondMs = isManifest ? lateMs : plan.answerAfterMs - 1;
    const effectsAfterMs = [...plan.effectsAfterMs, secondMs];
    return { ...plan, label: "duplicate", effectsAfterMs };
  }
  return plan;
}

export function planGet(context: Context, isReload: boolean): Plan {
  const { random, faults } = context;
  const { plan, isPlain } = draw(context, false);
  if (!isPlain) return plan;
  if (faults.hits("truncated body"))
    return { ...plan, label: "truncated", bodyShare: random.uniform() };
  if (!isReload && faults.hits("stale read"))
    return { ...plan, label: "stale", staleMs: random.magnitude(1_000, staleMsMax) };
  return plan;
}
