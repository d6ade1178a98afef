/**
 * A device's way to the store: a reverse proxy of its own, which loses requests and answers, and writes down what
 * the store is asked for. Signed URLs name it, so nothing goes past it. The service takes the same way and is spared:
 * it signs in a header, and a device in the query.
 */
import { Agent, createServer, request as httpRequest } from "node:http";
import type { IncomingHttpHeaders, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { SeededRandom } from "../../sw/simulator/random.ts";

/** What becomes of a request; `Weather` says what each means. */
type Fate = "answered" | "lost" | "unanswered" | "late" | "busy";

/** What a device asked for by a signed URL. */
export interface SignedRequest {
  readonly method: string;
  readonly key: string;
  /** The store's; null while there is none, and where the store was never asked. */
  status: number | null;
  /** What became of it on the way. */
  readonly fate: Fate;
}

/** Shares of the requests to which this happens, at random. */
export interface Weather {
  /** No connection at all: all that is under way ends as well. */
  isOffline: boolean;
  /** Lost before the store had it. */
  lost: number;
  /** The store did it, and the answer is lost. */
  unanswered: number;
  /** Lost to the device, and done by the store some time later: perhaps after what the device did next. */
  late: number;
  /** 503, without any effect. */
  busy: number;
}

export interface StoreWay {
  readonly endpoint: string;
  readonly requests: readonly SignedRequest[];
  readonly weather: Weather;
  /** The PUTs among the requests. */
  puts(): readonly SignedRequest[];
  /** Ends every request under way, as a network does that goes away. */
  cut(): void;
  close(): Promise<void>;
}

export const calm: Readonly<Weather> = {
  isOffline: false,
  lost: 0,
  unanswered: 0,
  late: 0,
  busy: 0,
};

/** Long enough for a device to have gone on meanwhile. */
const lateMsMax = 60;

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
}

export async function openStoreWay(
  store: { readonly endpoint: string; readonly bucket: string },
  random: SeededRandom,
): Promise<StoreWay> {
  const target = new URL(store.endpoint);
  const agent = new Agent({ keepAlive: true });
  const requests: SignedRequest[] = [];
  const weather: Weather = { ...calm };
  const underWay = new Set<ServerResponse>();

  const forward = (
    method: string,
    path: string,
    headers: IncomingHttpHeaders,
    body: Buffer,
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      // The host stays the one that was signed.
      const { hostname: host, port } = target;
      const outgoing = httpRequest({ host, port, path, method, headers, agent }, (answer) => {
        const parts: Buffer[] = [];
        answer.on("data", (part: Buffer) => parts.push(part));
        answer.on("error", reject);
        answer.on("end", () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            body: Buffer.concat(parts),
          }),
        );
      });
      outgoing.on("error", reject);
      outgoing.end(body);
    });

  const server = createServer((incoming, response) => {
    const { method = "", url: path = "", headers } = incoming;
    const parts: Buffer[] = [];
    const { pathname, searchParams } = new URL(path, target);
    const isSigned = searchParams.has("X-Amz-Signature");
    const key = decodeURIComponent(pathname).slice(`/${store.bucket}/`.length);
    const fate = isSigned ? drawFate(weather, random, method) : "answered";
    const request: SignedRequest = { method, key, fate, status: null };
    if (isSigned) requests.push(request);

    const ask = async (): Promise<Answer> => {
      const answer = await forward(method, path, headers, Buffer.concat(parts));
      request.status = answer.status;
      return answer;
    };
    const handle = async (): Promise<void> => {
      if (fate === "lost") return void response.destroy();
      if (fate === "busy") return void response.writeHead(503).end();
      if (fate === "late") {
        const timer = setTimeout(() => void ask().catch(ignore), random.int(lateMsMax));
        lateTimers.add(timer);
        return void response.destroy();
      }
      const answer = await ask();
      if (fate === "unanswered") return void response.destroy();
      const { "transfer-encoding": _hop, connection: _other, ...rest } = answer.headers;
      return void response.writeHead(answer.status, rest).end(answer.body);
    };
    underWay.add(response);
    response.on("close", () => underWay.delete(response));
    incoming.on("data", (part: Buffer) => parts.push(part));
    incoming.on("end", () => void handle().catch(() => response.destroy()));
  });
  const lateTimers = new Set<NodeJS.Timeout>();
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });

  const cut = (): void => {
    for (const response of underWay) response.destroy();
  };
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    weather,
    puts: () => requests.filter(({ method }) => method === "PUT"),
    cut,
    async close() {
      for (const timer of lateTimers) clearTimeout(timer);
      const closed = new Promise<void>((resolve) => {
        server.close(() => resolve());
      });
      server.closeAllConnections();
      await closed;
      agent.destroy();
    },
  };
}

function drawFate(weather: Weather, random: SeededRandom, method: string): Fate {
  if (weather.isOffline) return "lost";
  let drawn = random.uniform();
  for (const fate of ["lost", "unanswered", "busy"] as const) {
    if (drawn < weather[fate]) return fate;
    drawn -= weather[fate];
  }
  return method === "PUT" && drawn < weather.late ? "late" : "answered";
}

function ignore(): void {}
