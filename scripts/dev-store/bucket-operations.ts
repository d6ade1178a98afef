/**
 * What can be done with a bucket: list it, and read or set its CORS rules. As with objects, each operation checks
 * its right, refuses what it does not understand, and leaves the socket alone.
 */
import type { Answer, Call } from "./call.ts";
import { checksumHeaders, createBodyChecks } from "./checksums.ts";
import { CORS_XML_BYTES_MAX, corsXml, parseCorsXml } from "./cors-xml.ts";
import { requireRight } from "./credentials.ts";
import { S3Error } from "./errors.ts";
import { listObjectsXml, listParameters } from "./list.ts";
import { refuseUnsupported } from "./unsupported.ts";

const corsParameters: ReadonlySet<string> = new Set(["cors"]);

export function listObjects(call: Call): Answer {
  requireRight(call.credential, "list");
  refuseUnsupported(call.request, { parameters: listParameters });
  return xmlAnswer(listObjectsXml(call.bucket.name, call.bucket, call.request));
}

export function headBucket(call: Call): Answer {
  requireRight(call.credential, "list");
  refuseUnsupported(call.request);
  return { status: 200, headers: {} };
}

export function getCors(call: Call): Answer {
  requireRight(call.credential, "admin");
  refuseUnsupported(call.request, { parameters: corsParameters });
  const { corsRules } = call.bucket;
  if (corsRules.length === 0)
    throw new S3Error("NoSuchCORSConfiguration", "The bucket has no CORS rules.");
  return xmlAnswer(corsXml(corsRules));
}

export async function putCors(call: Call): Promise<Answer> {
  requireRight(call.credential, "admin");
  refuseUnsupported(call.request, { parameters: corsParameters, headers: checksumHeaders });
  if (call.bodyBytes === undefined)
    throw new S3Error("MissingContentLength", "A PUT must announce its length.");
  if (call.bodyBytes > CORS_XML_BYTES_MAX) {
    throw new S3Error(
      "MalformedXML",
      `A CORS configuration has at most ${CORS_XML_BYTES_MAX} bytes.`,
    );
  }
  const checks = createBodyChecks(call.request, call.payloadHash);
  const chunks: Uint8Array[] = [];
  for await (const chunk of call.body) {
    checks.update(chunk);
    chunks.push(chunk);
  }
  checks.finish();
  await call.bucket.setCorsRules(parseCorsXml(Buffer.concat(chunks).toString()), true);
  return { status: 200, headers: {} };
}

function xmlAnswer(xml: string): Answer {
  return { status: 200, headers: { "Content-Type": "application/xml" }, body: Buffer.from(xml) };
}
