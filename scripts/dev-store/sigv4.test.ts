/** The examples of the S3 API reference, with the signatures printed there. */
import { expect, it } from "vitest";
import { parseRequest } from "./request.ts";
import { signatureMatches } from "./sigv4.ts";

const secret = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
const emptyHash = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
const host = ["Host", "examplebucket.s3.amazonaws.com"];
const dateTime = "20130524T000000Z";
const common = [...host, "x-amz-content-sha256", emptyHash, "x-amz-date", dateTime];

it.each([
  [
    "GET object",
    parseRequest("GET", "/test.txt", [...common, "Range", "bytes=0-9"]),
    "host;range;x-amz-content-sha256;x-amz-date",
    emptyHash,
    "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
  ],
  [
    "PUT object",
    parseRequest("PUT", "/test%24file.text", [
      ...host,
      "Date",
      "Fri, 24 May 2013 00:00:00 GMT",
      "x-amz-date",
      dateTime,
      "x-amz-storage-class",
      "REDUCED_REDUNDANCY",
      "x-amz-content-sha256",
      "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    ]),
    "date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class",
    "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd",
  ],
  [
    "GET bucket lifecycle",
    parseRequest("GET", "/?lifecycle", common),
    "host;x-amz-content-sha256;x-amz-date",
    emptyHash,
    "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
  ],
  [
    "list objects",
    parseRequest("GET", "/?max-keys=2&prefix=J", common),
    "host;x-amz-content-sha256;x-amz-date",
    emptyHash,
    "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
  ],
  [
    "presigned GET",
    parseRequest(
      "GET",
      "/test.txt?X-Amz-Algorithm=AWS4-HMAC-SHA256" +
        "&X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1%2Fs3%2Faws4_request" +
        `&X-Amz-Date=${dateTime}&X-Amz-Expires=86400&X-Amz-SignedHeaders=host&X-Amz-Signature=any`,
      host,
    ),
    "host",
    "UNSIGNED-PAYLOAD",
    "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404",
  ],
])(
  "%s has the documented signature and no other",
  (_, request, signedHeaders, payloadHash, signature) => {
    const scope = { day: "20130524", region: "us-east-1" };
    const input = {
      request,
      signedHeaders: signedHeaders.split(";"),
      payloadHash,
      dateTime,
      scope,
    };
    expect(signatureMatches(input, secret, signature)).toBe(true);
    expect(signatureMatches(input, `${secret}!`, signature)).toBe(false);
    expect(signatureMatches(input, secret, signature.replace(/^./, "0"))).toBe(false);
    expect(signatureMatches(input, secret, signature.slice(2))).toBe(false);
    expect(
      signatureMatches({ ...input, scope: { ...scope, region: "eu-west-1" } }, secret, signature),
    ).toBe(false);
  },
);
