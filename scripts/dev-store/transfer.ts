/**
 * Moving bodies between the socket and the rest: counting what comes in, throwing away what is not wanted, and
 * sending what goes out.
 */
import { close, createReadStream } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type { Answer } from "./call.ts";

/**
 * A refused body is read to its end before the answer goes out, because a browser that is still sending when the
 * connection closes sees a broken network and not the refusal. Beyond this the connection is closed all the same.
 */
const DISCARDED_BYTES_MAX: number = 256 * 1024 * 1024;

const closeFile = promisify(close);

export interface IncomingBody {
  /** Throws if the client goes away before all that it announced is there. Leaving the loop early is fine. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** The Content-Length; undefined if none was sent. */
  readonly bytesAnnounced: number | undefined;
  bytesRead(): number;
}

export interface Sending {
  readonly incomingBody: IncomingBody;
  readonly response: ServerResponse;
  readonly method: string;
  /** Headers that go on every answer. */
  readonly common: Readonly<Record<string, string>>;
  readonly answer: Answer;
  /** Called before the first byte goes out. */
  readonly report: (status: number, responseBytes: number) => void;
}

export function readBody(incoming: IncomingMessage): IncomingBody {
  const contentLength = incoming.headers["content-length"];
  const bytesAnnounced = contentLength === undefined ? undefined : Number(contentLength);
  let bytesRead = 0;
  async function* chunks(): AsyncGenerator<Buffer> {
    // An ordinary loop would close the connection when it is left early, and with it the way to answer.
    const iterator: AsyncIterable<Buffer> = {
      [Symbol.asyncIterator]: () => incoming.iterator({ destroyOnReturn: false }),
    };
    for await (const chunk of iterator) {
      bytesRead += chunk.length;
      yield chunk;
    }
  }
  return {
    chunks: { [Symbol.asyncIterator]: chunks },
    bytesAnnounced,
    bytesRead: () => bytesRead,
  };
}

/** Sends an answer and closes its file. Never rejects: a client that has gone away is nobody to tell. */
export async function sendAnswer(sending: Sending): Promise<void> {
  const { incomingBody, response, answer } = sending;
  const file = answer.body !== undefined && "file" in answer.body ? answer.body.file : undefined;
  try {
    if (!(await discardBody(incomingBody))) response.shouldKeepAlive = false;
  } catch {
    if (file !== undefined) await closeFile(file);
    response.destroy();
    return;
  }
  try {
    await writeAnswer(sending);
  } catch {
    response.destroy();
  }
}

/** Reads the rest of a body. False if it was given up as too long, so that the connection cannot be used again. */
async function discardBody({ chunks }: IncomingBody): Promise<boolean> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > DISCARDED_BYTES_MAX) return false;
  }
  return true;
}

async function writeAnswer({ response, method, common, answer, report }: Sending): Promise<void> {
  const { status, headers, body } = answer;
  report(status, method === "HEAD" || body === undefined ? 0 : body.length);
  // 204 and 304 have no length to speak of; an answer to HEAD says how long the body would be.
  const lengthHeader =
    status === 204 || status === 304 ? {} : { "Content-Length": String(body?.length ?? 0) };
  response.writeHead(status, { ...common, ...lengthHeader, ...headers });
  if (method === "HEAD" || body === undefined) response.end();
  else if ("file" in body) {
    const { file, start, length } = body;
    // The stream closes the file, at its end as well as when the client goes away.
    await pipeline(createReadStream("", { fd: file, start, end: start + length - 1 }), response);
  } else response.end(body);
}
