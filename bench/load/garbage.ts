/** What anybody can send to a server, and it is to bear: as many bytes a second of each kind. */
import { randomBytes, randomInt } from "node:crypto";
import type { Socket } from "node:net";
import { connect } from "node:net";

const tickMs = 50;

interface Kind {
  readonly name: string;
  make(): Buffer;
}

/** From any address, as far as limits can tell: then they do not spare the service the work. */
function anyAddress(): string {
  return Array.from({ length: 4 }, () => randomInt(1, 255)).join(".");
}

function post(path: string, headers: readonly string[], body: string): Buffer {
  const common = ["host: sync.example.com", `x-forwarded-for: ${anyAddress()}`];
  return Buffer.from(
    [`POST ${path} HTTP/1.1`, ...common, ...headers].join("\r\n") + `\r\n\r\n${body}`,
  );
}

const json = "content-type: application/json";
const badJson = `{"kind": "browser", "more": [${'{"a": '.repeat(150)}`;
const paths = ["/v1/grants", "/v1/auth/redeem", "/v1/auth/key/verify"];

const kinds: readonly Kind[] = [
  { name: "random bytes", make: () => randomBytes(500) },
  {
    name: "half-open requests",
    make: () => post("/v1/auth/redeem", [json, "content-length: 4000"], "{"),
  },
  {
    name: "huge headers",
    make: () => post("/v1/grants", [json, `authorization: Bearer ${"a".repeat(20_000)}`], "{}"),
  },
  {
    name: "malformed JSON",
    make: () =>
      post(
        paths[randomInt(paths.length)]!,
        [json, "connection: close", `content-length: ${badJson.length}`],
        badJson,
      ),
  },
];

export interface Garbage {
  /** Connections by kind and what came back, `nothing` where one was closed without a word. */
  readonly answered: ReadonlyMap<string, number>;
  /** The most that were open at one moment. */
  readonly openMax: number;
  readonly bytes: number;
  /** Lets nothing go on. */
  stop(): void;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

export function startGarbage(port: number, bytesPerSecond: number): Garbage {
  const answered = new Map<string, number>();
  const sockets = new Set<Socket>();
  let openMax = 0;
  let bytes = 0;

  const send = ({ name }: Kind, content: Buffer): void => {
    bytes += content.length;
    let answer = "";
    const socket = connect(port, "127.0.0.1", () => socket.write(content));
    sockets.add(socket);
    openMax = Math.max(openMax, sockets.size);
    socket.on("data", (chunk: Buffer) => (answer += chunk.subarray(0, 100).toString()));
    socket.on("error", () => socket.destroy());
    socket.on("close", () => {
      sockets.delete(socket);
      count(answered, `${name}: ${/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? "nothing"}`);
    });
  };

  const startedAt = performance.now();
  const next = kinds.map((kind) => ({ kind, content: kind.make(), sentBytes: 0 }));
  const timer = setInterval(() => {
    const share = ((performance.now() - startedAt) / 1000) * (bytesPerSecond / kinds.length);
    for (const each of next)
      while (each.sentBytes + each.content.length <= share) {
        send(each.kind, each.content);
        each.sentBytes += each.content.length;
        each.content = each.kind.make();
      }
  }, tickMs);

  return {
    answered,
    get openMax() {
      return openMax;
    },
    get bytes() {
      return bytes;
    },
    stop() {
      clearInterval(timer);
      for (const socket of sockets) socket.removeAllListeners("close").destroy();
    },
  };
}
