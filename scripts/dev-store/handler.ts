/**
 * One request from arrival to answer: CORS, authentication, operation, count. A handler never rejects, and whatever
 * it answers carries the CORS headers of the bucket.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { authenticate } from "./authenticate.ts";
import type { Answer } from "./call.ts";
import { answerCors } from "./cors.ts";
import { errorXml, S3Error } from "./errors.ts";
import type { DiskBucket } from "./object-disk.ts";
import { perform } from "./operations.ts";
import type { StoreOptions } from "./options.ts";
import { addressOf, parseRequest } from "./request.ts";
import { readBody, sendAnswer } from "./transfer.ts";
import { createWritePace } from "./write-pace.ts";

/** Enough for any segment of this project by far, and small enough that a mistake does not fill the disk. */
const OBJECT_BYTES_MAX_DEFAULT: number = 64 * 1024 * 1024;

export type Handler = (incoming: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createHandler(
  options: StoreOptions,
  buckets: ReadonlyMap<string, DiskBucket>,
): Handler {
  const now = options.now ?? Date.now;
  const region = options.region ?? "us-east-1";
  const objectBytesMax = options.objectBytesMax ?? OBJECT_BYTES_MAX_DEFAULT;
  const credentials = new Map(options.credentials.map((each) => [each.accessKeyId, each]));
  const pace = createWritePace(options.writeIntervalMs ?? 0);

  return async (incoming, response) => {
    const { method = "", url = "", headers } = incoming;
    const { origin } = headers;
    const { bucket: bucketName, key } = addressOf(url);
    const incomingBody = readBody(incoming);

    let reported = false;
    const report = (status: number, responseBytes: number): void => {
      if (reported) return;
      reported = true;
      const requestBytes = incomingBody.bytesRead();
      options.onRequest?.({
        method,
        bucket: bucketName,
        key,
        status,
        requestBytes,
        responseBytes,
        origin,
      });
    };
    // A client that goes away without its answer is counted, too.
    response.on("close", () => report(0, 0));

    const cors = answerCors(buckets.get(bucketName)?.corsRules ?? options.cors ?? [], {
      method,
      origin,
      requestMethod: headers["access-control-request-method"],
      requestHeaders: headers["access-control-request-headers"],
    });

    const answer = async (): Promise<Answer> => {
      if (method === "OPTIONS") {
        if (!cors.allowed)
          throw new S3Error("AccessForbidden", "No CORS rule of the bucket allows this.");
        return { status: 200, headers: {} };
      }
      const request = parseRequest(method, url, incoming.rawHeaders);
      const nowMs = now();
      const { credential, payloadHash } = authenticate(request, { credentials, region, nowMs });
      const bucket = buckets.get(request.bucket);
      if (bucket === undefined) throw new S3Error("NoSuchBucket", "There is no such bucket.");
      const { chunks: body, bytesAnnounced: bodyBytes } = incomingBody;
      return perform({
        request,
        bucket,
        credential,
        payloadHash,
        body,
        bodyBytes,
        objectBytesMax,
        pace,
        nowMs,
      });
    };

    const common = { Date: new Date(now()).toUTCString(), ...cors.headers };
    const good = await answer().catch(answerToError);
    await sendAnswer({ incomingBody, response, method, common, answer: good, report });
  };
}

function answerToError(error: unknown): Answer {
  const refusal =
    error instanceof S3Error
      ? error
      : new S3Error("InternalError", error instanceof Error ? error.message : "");
  return {
    status: refusal.status,
    headers: { "Content-Type": "application/xml", ...refusal.headers },
    body: Buffer.from(errorXml(refusal.code, refusal.message)),
  };
}
