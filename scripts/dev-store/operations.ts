/** Which operation a request asks for. */
import { getCors, headBucket, listObjects, putCors } from "./bucket-operations.ts";
import type { Answer, Call } from "./call.ts";
import { S3Error } from "./errors.ts";
import { deleteObject, getObject, putObject } from "./object-operations.ts";

export function perform(call: Call): Answer | Promise<Answer> {
  const { method, key, query } = call.request;
  if (key === "") {
    if (query.some(([name]) => name === "cors")) {
      if (method === "PUT") return putCors(call);
      if (method === "GET") return getCors(call);
    } else {
      if (method === "GET") return listObjects(call);
      if (method === "HEAD") return headBucket(call);
    }
  } else {
    if (method === "PUT") return putObject(call);
    if (method === "GET" || method === "HEAD") return getObject(call);
    if (method === "DELETE") return deleteObject(call);
  }
  throw new S3Error("MethodNotAllowed", `${method} is not something this store does here.`);
}
