/**
 * The client of the bucket tests and of `presync doctor`: signs with aws4fetch and speaks HTTP itself. Not `fetch`:
 * both must send what a browser would never send, such as a header twice or a body that breaks off.
 */
import { createHash } from "node:crypto";
import { Agent, request as httpRequest, type IncomingHttpHeaders } from "node:http";
import { Agent as TlsAgent, request as httpsRequest } from "node:https";
import { connect } from "node:net";
import { AwsV4Signer } from "aws4fetch";
import type { Addressing } from "../../../service/config.ts";
import { bucketUrl } from "../../../service/store-url.ts";

export interface AccessKey {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
}

export interface BucketAddress {
  /** Without a slash at the end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** `path` by default. */
  readonly addressing?: Addressing;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly text: string;
}

export interface ToSign {
  readonly method?: string;
  /** The bucket itself when left out. */
  readonly key?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** 300 by default. */
  readonly expires?: number | string;
  /** When it is signed; now by default. */
  readonly at?: Date;
  readonly region?: string;
  readonly service?: string;
}

export interface ToSend {
  readonly method?: string;
  /** A list of names and values in turn sends a name more than once. */
  readonly headers?: Readonly<Record<string, string>> | readonly string[];
  readonly body?: string | Uint8Array;
}

/** Sends one request; rejects only when there is no answer. */
export type Send = (url: string, toSend?: ToSend) => Promise<HttpAnswer>;

export interface BucketClient {
  /** For tests that tamper with the signature itself; `inQuery` is true unless told otherwise. */
  signer(toSign: ToSign, inQuery?: boolean): AwsV4Signer;
  presign(toSign: ToSign): Promise<string>;
  /** Signs in the query and sends, with the same headers. */
  call(toSign: ToSign, body?: string | Uint8Array): Promise<HttpAnswer>;
  /** Signs in the Authorization header and sends. */
  callWithHeader(toSign: ToSign, body?: string | Uint8Array): Promise<HttpAnswer>;
  put(
    key: string,
    body: string | Uint8Array,
    headers?: Readonly<Record<string, string>>,
  ): Promise<HttpAnswer>;
  /** Headers of get, head and delete are sent and not signed. */
  get(key: string, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  head(key: string, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  delete(key: string, headers?: Readonly<Record<string, string>>): Promise<HttpAnswer>;
  list(query: Readonly<Record<string, string>>): Promise<HttpAnswer>;
}

/** A body that takes longer than this to be answered has been lost; the tests then fail and do not hang. */
const ANSWER_TIMEOUT_MS = 20_000;

const connections = { keepAlive: true, maxSockets: 64 };
const agent = new Agent(connections);
const tlsAgent = new TlsAgent(connections);

export function createBucketClient(
  address: BucketAddress,
  accessKey: AccessKey,
  sendOne: Send = send,
): BucketClient {
  const base = bucketUrl({ addressing: "path", ...address }).slice(0, -1);
  const signer = (toSign: ToSign, inQuery = true): AwsV4Signer => {
    const path = toSign.key === undefined ? "" : `/${encodeKey(toSign.key)}`;
    const url = new URL(base + path);
    for (const [name, value] of Object.entries(toSign.query ?? {}))
      url.searchParams.set(name, value);
    if (inQuery) url.searchParams.set("X-Amz-Expires", String(toSign.expires ?? 300));
    return new AwsV4Signer({
      ...accessKey,
      method: toSign.method ?? "GET",
      url: url.toString(),
      headers: { ...toSign.headers },
      service: toSign.service ?? "s3",
      region: toSign.region ?? address.region,
      signQuery: inQuery,
      allHeaders: true,
      ...(toSign.at === undefined ? {} : { datetime: amzDate(toSign.at) }),
    });
  };
  const presign = async (toSign: ToSign): Promise<string> =>
    (await signer(toSign).sign()).url.toString();
  const call = async (toSign: ToSign, body?: string | Uint8Array): Promise<HttpAnswer> =>
    sendOne(await presign(toSign), request(toSign, toSign.headers, body));
  return {
    signer,
    presign,
    call,
    async callWithHeader(toSign, body) {
      const hash = createHash("sha256").update(body ?? "");
      const headers = { "x-amz-content-sha256": hash.digest("hex"), ...toSign.headers };
      const signed = await signer({ ...toSign, headers }, false).sign();
      return sendOne(
        signed.url.toString(),
        request(toSign, Object.fromEntries(signed.headers), body),
      );
    },
    put: (key, body, headers = {}) => call({ method: "PUT", key, headers }, body),
    get: async (key, headers = {}) => sendOne(await presign({ key }), { headers }),
    head: async (key, headers = {}) =>
      sendOne(await presign({ method: "HEAD", key }), { method: "HEAD", headers }),
    delete: async (key, headers = {}) =>
      sendOne(await presign({ method: "DELETE", key }), { method: "DELETE", headers }),
    list: (query) => call({ query: { "list-type": "2", ...query } }),
  };
}

/** Sets one part of a bucket's configuration, such as `cors`; the bucket itself, without a name. S3 insists on the MD5. */
export function putConfiguration(
  client: BucketClient,
  name: string | undefined,
  body: string,
): Promise<HttpAnswer> {
  const headers = { "content-md5": createHash("md5").update(body).digest("base64") };
  const query = name === undefined ? {} : { [name]: "" };
  return client.callWithHeader({ method: "PUT", query, headers }, body);
}

/** Sends one request as it is; rejects only when there is no answer. */
export function send(
  url: string,
  { method = "GET", headers = {}, body }: ToSend = {},
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const { protocol, hostname, port, pathname, search, host } = new URL(url);
    const secure = protocol === "https:";
    const length = body === undefined ? [] : ["Content-Length", String(Buffer.byteLength(body))];
    const pairs = Array.isArray(headers) ? (headers as string[]) : Object.entries(headers).flat();
    const given = pairs.some((name, at) => at % 2 === 0 && name.toLowerCase() === "content-length");
    const outgoing = (secure ? httpsRequest : httpRequest)(
      {
        // An IPv6 address stands in brackets in a URL, and without them everywhere else.
        hostname: hostname.replaceAll(/^\[|\]$/g, ""),
        port,
        path: pathname + search,
        method,
        agent: secure ? tlsAgent : agent,
        headers: ["Host", host, ...(given ? [] : length), ...pairs],
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
        incoming.on("error", reject);
        incoming.on("end", () => {
          const all = Buffer.concat(chunks);
          resolve({
            status: incoming.statusCode ?? 0,
            headers: incoming.headers,
            body: all,
            text: all.toString(),
          });
        });
      },
    );
    outgoing.setTimeout(ANSWER_TIMEOUT_MS, () => outgoing.destroy(new Error("no answer in time")));
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

/**
 * Announces `length` bytes, sends fewer, and ends its side of the connection. Resolves when the server has closed
 * its side, so that afterwards the server is done with the request.
 */
export function sendShort(url: string, length: number, body: Uint8Array): Promise<void> {
  return new Promise((resolve) => {
    const { hostname, port, pathname, search, host } = new URL(url);
    const socket = connect(Number(port), hostname, () => {
      socket.write(
        `PUT ${pathname}${search} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: ${length}\r\n\r\n`,
      );
      socket.end(body);
    });
    socket.setTimeout(ANSWER_TIMEOUT_MS, () => socket.destroy());
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve());
    socket.resume();
  });
}

/** Stores do not agree on which of the three a bad request deserves; that it is refused is what counts. */
export function refusalOf({ status }: HttpAnswer): "refused" | number {
  return [400, 401, 403].includes(status) ? "refused" : status;
}

/** The code in an S3 error document. */
export function codeOf(answer: HttpAnswer): string {
  return /<Code>([^<]+)<\/Code>/.exec(answer.text)?.[1] ?? "";
}

export function md5Of(body: string | Uint8Array): string {
  return createHash("md5").update(body).digest("hex");
}

/** `YYYYMMDDTHHMMSSZ`. */
export function amzDate(date: Date): string {
  return date.toISOString().replaceAll(/[:-]|\.\d{3}/g, "");
}

/** The key as it stands in a URL. */
export function encodeKey(key: string): string {
  return key.split("/").map(encodeURIComponent).join("/");
}

function request(
  toSign: ToSign,
  headers: Readonly<Record<string, string>> | undefined,
  body: string | Uint8Array | undefined,
): ToSend {
  return {
    method: toSign.method ?? "GET",
    headers: headers ?? {},
    ...(body === undefined ? {} : { body }),
  };
}
