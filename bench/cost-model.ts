/**
 * What the bucket protocol costs, computed without an engine: a tail that is uploaded with every flush, spilled into
 * level 0 when it is full, and levels that are merged upwards. A pure function of a few sizes, to be laid beside what was
 * measured, and to try limits before they are built.
 */
export interface CostModel {
  readonly flushes: number;
  /** Changed in turn, each so often in a row. */
  readonly documents: number;
  readonly editsInARow: number;
  readonly tailBytesMax: number;
  readonly mergeFanOut: number;
  /** The top level merges into itself. */
  readonly levels: number;
  readonly sizes: ModelSizes;
  /** Points of the curves. */
  readonly samples: number;
}

/** Bytes. */
export interface ModelSizes {
  /** A manifest without slots and tail, and a segment without content. */
  readonly envelope: number;
  /** A slot in the manifest. */
  readonly slot: number;
  /** Before compression, which is what the tail's limit is about. */
  readonly plain: PackSizes;
  /** As it is uploaded. */
  readonly sealed: PackSizes;
}

export interface PackSizes {
  /** A document in a pack that has one change. */
  readonly document: number;
  /** Each further change of a document, in one bundle. */
  readonly change: number;
}

export interface ModelPoint {
  readonly flushes: number;
  readonly puts: number;
  readonly putBytes: number;
  readonly objects: number;
  readonly bucketBytes: number;
}

export function modelCosts(model: CostModel): ModelPoint[] {
  const { sizes, documents, editsInARow, levels, mergeFanOut } = model;
  const packBytes = (changes: number, { document, change }: PackSizes): number => {
    const touched = Math.min(Math.ceil(changes / editsInARow), documents);
    return touched * document + (changes - touched) * change;
  };
  /** Changes in each segment, by level. */
  const segments: number[][] = Array.from({ length: levels }, () => []);
  let [tail, puts, putBytes] = [0, 0, 0];
  const points: ModelPoint[] = [];

  const slots = (): number[] => segments.flat();
  const put = (bytes: number): void => {
    puts++;
    putBytes += bytes;
  };
  const manifestBytes = (): number =>
    sizes.envelope + slots().length * sizes.slot + packBytes(tail, sizes.sealed);
  const putSegment = (level: number, changes: number): void => {
    put(sizes.envelope + packBytes(changes, sizes.sealed));
    segments[level]!.push(changes);
  };

  for (let flush = 1; flush <= model.flushes; flush++) {
    tail++;
    if (packBytes(tail, sizes.plain) > model.tailBytesMax) {
      putSegment(0, tail);
      tail = 0;
    }
    put(manifestBytes());
    for (const [level, own] of segments.entries()) {
      if (own.length < mergeFanOut) continue;
      const changes = own.splice(0).reduce((sum, count) => sum + count, 0);
      putSegment(Math.min(level + 1, levels - 1), changes);
    }
    if (flush % Math.ceil(model.flushes / model.samples) !== 0) continue;
    const inSegments = slots().reduce(
      (sum, count) => sum + sizes.envelope + packBytes(count, sizes.sealed),
      0,
    );
    points.push({
      flushes: flush,
      puts,
      putBytes,
      objects: 1 + slots().length,
      bucketBytes: manifestBytes() + inSegments,
    });
  }
  return points;
}
