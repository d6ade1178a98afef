/** A stream of hints, as the tests read it. */
import type { Hono } from "hono";
import { vi } from "vitest";
import { appOrigin } from "../test-world.ts";

/** What takes longer never comes: no test is about time. */
const waitMsMax = 30_000;

/** Resolves when it is so. */
export async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  await vi.waitUntil(isSo, { timeout: waitMsMax });
}

export interface TestEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: unknown;
}

export interface TestStream {
  readonly response: Response;
  /** Everything that has come, comments left out. */
  readonly events: readonly TestEvent[];
  /** Everything that has come, as it came. */
  readonly text: () => string;
  readonly isOver: () => boolean;
  /** The newest position there was. */
  readonly position: () => string;
  close(): Promise<void>;
}

export async function openStream(
  app: Hono,
  session: string,
  replica: string,
  after?: string,
): Promise<TestStream> {
  const response = await app.request(`/v1/hints?replica=${replica}`, {
    headers: {
      origin: appOrigin,
      authorization: `Bearer ${session}`,
      ...(after === undefined ? {} : { "last-event-id": after }),
    },
  });
  const events: TestEvent[] = [];
  let text = "";
  let position = "";
  let isOver = response.status !== 200;
  const reader = response.status === 200 ? response.body?.getReader() : undefined;
  const decoder = new TextDecoder();
  let rest = "";
  const take = (block: string): void => {
    const fields = new Map(
      block.split("\n").map((line) => {
        const [name = "", ...value] = line.split(": ");
        return [name, value.join(": ")];
      }),
    );
    position = fields.get("id") ?? position;
    const data = fields.get("data");
    if (data === undefined) return;
    events.push({
      name: fields.get("event") ?? "",
      id: fields.get("id"),
      data: JSON.parse(data) as unknown,
    });
  };
  const read = async (): Promise<void> => {
    for (;;) {
      const chunk = await reader?.read();
      if (chunk === undefined || chunk.done) break;
      const part = decoder.decode(chunk.value as Uint8Array, { stream: true });
      text += part;
      const blocks = (rest + part).split("\n\n");
      rest = blocks.pop() ?? "";
      for (const block of blocks) take(block);
    }
    isOver = true;
  };
  void read();
  return {
    response,
    events,
    text: () => text,
    isOver: () => isOver,
    position: () => position,
    close: async () => {
      await reader?.cancel();
    },
  };
}
