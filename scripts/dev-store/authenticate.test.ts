/** Signatures that are right for what they claim, and claims that are wrong: the arithmetic alone lets them pass. */
import { createHash, createHmac } from "node:crypto";
import { describe, expect, it } from "vitest";
import { authenticate } from "./authenticate.ts";
import { parseRequest, type S3Request } from "./request.ts";
import { encodeRfc3986 } from "./text.ts";

const credential = { accessKeyId: "key", secretAccessKey: "secret", rights: {} };
const context = {
  credentials: new Map([[credential.accessKeyId, credential]]),
  region: "us-east-1",
  nowMs: Date.parse("2026-01-02T00:00:10Z"),
};
const good = {
  dateTime: "20260102T000000Z",
  day: "20260102",
  region: "us-east-1",
  service: "s3",
  terminator: "aws4_request",
  signedHeaders: "host;x-amz-content-sha256;x-amz-date",
};
type Claim = typeof good;

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

function sign(claim: Claim, query: string, headers: string): string {
  const { dateTime, day, region, service, terminator, signedHeaders } = claim;
  const canonical = ["GET", "/bucket/key", query, headers, signedHeaders, "UNSIGNED-PAYLOAD"].join(
    "\n",
  );
  const hash = createHash("sha256").update(canonical).digest("hex");
  const scope = `${day}/${region}/${service}/${terminator}`;
  const signingKey = hmac(hmac(hmac(hmac("AWS4secret", day), region), service), terminator);
  return hmac(signingKey, ["AWS4-HMAC-SHA256", dateTime, scope, hash].join("\n")).toString("hex");
}

function scopeOf({ day, region, service, terminator }: Claim): string {
  return `key/${day}/${region}/${service}/${terminator}`;
}

function inQuery(claim: Claim): S3Request {
  const query = [
    ["X-Amz-Algorithm", "AWS4-HMAC-SHA256"],
    ["X-Amz-Credential", scopeOf(claim)],
    ["X-Amz-Date", claim.dateTime],
    ["X-Amz-Expires", "604800"],
    ["X-Amz-SignedHeaders", "host"],
  ]
    .map(([name = "", value = ""]) => `${name}=${encodeRfc3986(value)}`)
    .join("&");
  const signature = sign({ ...claim, signedHeaders: "host" }, query, "host:store\n");
  return parseRequest("GET", `/bucket/key?${query}&X-Amz-Signature=${signature}`, [
    "Host",
    "store",
  ]);
}

function inHeader(claim: Claim): S3Request {
  const headers = {
    host: "store",
    "x-amz-content-sha256": "UNSIGNED-PAYLOAD",
    "x-amz-date": claim.dateTime,
  };
  const lines = claim.signedHeaders
    .split(";")
    .map((name) => `${name}:${new Map(Object.entries(headers)).get(name) ?? ""}\n`);
  const signature = sign(claim, "", lines.join(""));
  const authorization = `AWS4-HMAC-SHA256 Credential=${scopeOf(claim)}, SignedHeaders=${claim.signedHeaders}, Signature=${signature}`;
  return parseRequest("GET", "/bucket/key", [
    ...Object.entries(headers).flat(),
    "Authorization",
    authorization,
  ]);
}

function codeOf(request: S3Request): string {
  try {
    authenticate(request, context);
    return "passed";
  } catch (error) {
    return (error as { code: string }).code;
  }
}

describe("a scope", () => {
  it("passes when it is this store's", () => {
    expect(codeOf(inQuery(good))).toBe("passed");
    expect(codeOf(inHeader(good))).toBe("passed");
    expect(authenticate(inQuery(good), context)).toEqual({
      credential,
      payloadHash: "UNSIGNED-PAYLOAD",
    });
  });

  it.each<Partial<Claim>>([
    // The key of another day would make a signing key that leaked good for any day.
    { day: "20260101" },
    { day: "20260103" },
    { region: "eu-west-1" },
    { region: "" },
    { service: "sqs" },
    { terminator: "aws4_response" },
    { terminator: "aws4_request/more" },
  ])("is refused as %j", (wrong) => {
    expect(codeOf(inQuery({ ...good, ...wrong }))).toBe("AuthorizationQueryParametersError");
    expect(codeOf(inHeader({ ...good, ...wrong }))).toBe("AuthorizationHeaderMalformed");
  });
});

describe("a date", () => {
  it.each(["20260230T000000Z", "20260102T250000Z", "20260102T000000", "2026-01-02T00:00:00Z", ""])(
    "is refused as %j",
    (dateTime) => {
      expect(codeOf(inQuery({ ...good, dateTime }))).toBe("AccessDenied");
    },
  );
});

describe("the signed headers", () => {
  it.each([
    ["x-amz-content-sha256;x-amz-date;host", "AuthorizationHeaderMalformed"],
    ["host;host;x-amz-content-sha256;x-amz-date", "AuthorizationHeaderMalformed"],
    ["Host;x-amz-content-sha256;x-amz-date", "AuthorizationHeaderMalformed"],
    ["host;;x-amz-content-sha256;x-amz-date", "AuthorizationHeaderMalformed"],
    ["x-amz-content-sha256;x-amz-date", "AccessDenied"],
    ["host;x-amz-date", "AccessDenied"],
    ["host;range;x-amz-content-sha256;x-amz-date", "AccessDenied"],
  ])("are refused as %s", (signedHeaders, code) => {
    expect(codeOf(inHeader({ ...good, signedHeaders }))).toBe(code);
  });
});
