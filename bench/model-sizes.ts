/** The sizes the cost model computes with. */
import type { ModelSizes } from "./cost-model.ts";

/** Measured on single objects; the model is no better than these. */
const envelopeSizes = { envelope: 75, slot: 8 };
export const textSizes: ModelSizes = {
  ...envelopeSizes,
  plain: { document: 205, change: 1.6 },
  sealed: { document: 150, change: 1.5 },
};
/** Documents that lie in one pack share what DEFLATE finds repeated. */
export const fieldSizes: ModelSizes = {
  ...envelopeSizes,
  plain: { document: 205, change: 4 },
  sealed: { document: 125, change: 3.7 },
};
