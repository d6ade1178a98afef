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

/** What a server takes for a client that has left, which is nothing to write to its log. */
const prematureCode = "ERR_STREAM_PREMATURE_CLOSE";

/**
 * `ended` is called once, whoever ended it. `cut` breaks the connection below, where the server lets it, which then cancels
 * the body: whoever takes nothing does not take an ending either, and keeps the connection with what is queued for it.
 */
export function createHintStream(ended: () => void, cut: (() => void) | null): HintStream {
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
      if ((controller.desiredSize ?? 0) >= bytes.byteLength) return controller.enqueue(bytes);
      const open = controller;
      over();
      if (cut !== null) cut();
      else open.error(Object.assign(new Error("the stream was not read"), { code: prematureCode }));
    },
    end,
  };
}
