/** One client's stream: a body that is written to until the client leaves, is too slow, or is told to. */

/** A thousand hints that nobody has taken: by then it is cheaper to begin anew. */
const queuedBytesMax = 131_072;

export interface HintStream {
  readonly body: ReadableStream<Uint8Array>;
  /** Bytes of whole events; ends the stream where the client is too slow. */
  send(bytes: Uint8Array): void;
  /** Idempotent. */
  end(): void;
}

/** `ended` is called once, whoever ended it. */
export function createHintStream(ended: () => void): HintStream {
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  const over = (): boolean => {
    if (controller === null) return false;
    controller = null;
    ended();
    return true;
  };
  const body = new ReadableStream<Uint8Array>(
    {
      start(given) {
        controller = given;
      },
      cancel() {
        over();
      },
    },
    { highWaterMark: queuedBytesMax, size: (chunk) => chunk?.byteLength ?? 0 },
  );
  const end = (): void => {
    const open = controller;
    if (over()) open?.close();
  };
  return {
    body,
    send(bytes) {
      if (controller === null) return;
      if ((controller.desiredSize ?? 0) < bytes.byteLength) return end();
      controller.enqueue(bytes);
    },
    end,
  };
}
