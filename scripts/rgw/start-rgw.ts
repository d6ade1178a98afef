/**
 * Starts a real Ceph with its S3 gateway (radosgw) on loopback, in a directory of its own, and sets up a bucket in
 * it. It is the independent judge of the bucket tests: what holds here and on the embedded store is S3, and not a
 * habit of ours. Needs the Debian packages radosgw, ceph-mon and ceph-osd; takes some ten seconds.
 */
import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { AccessKey } from "../dev-store/conformance/client.ts";
import { setUpBucket } from "./bucket-setup.ts";
import { cephConf, gatewayPools, monitorAddress, type CephLayout } from "./ceph-conf.ts";
import {
  createServerGroup,
  freePorts,
  hasProgram,
  runTool,
  type ServerGroup,
} from "./processes.ts";

/** A start takes 6 to 13 seconds on two cores; this is for a machine that is busy with other things. */
const START_TIMEOUT_MS = 90_000;
const POLL_INTERVAL_MS = 50;

const bucket = "presync";
/** The gateway takes any region; this is the one that S3 tools use when told nothing. */
const region = "us-east-1";

export interface RgwOptions {
  /** A directory that does not exist yet; a temporary one by default. It is removed at the end. */
  readonly dir?: string;
  /** A free one by default. */
  readonly port?: number;
  /** Origins whose pages may use the bucket. */
  readonly origins?: readonly string[];
}

export interface Rgw {
  /** `http://127.0.0.1:<port>`, without a slash at the end. */
  readonly endpoint: string;
  readonly region: string;
  readonly bucket: string;
  /** The owner of the bucket. */
  readonly admin: AccessKey;
  /** GET, HEAD and LIST only. */
  readonly reader: AccessKey;
  /** PUT only: a subuser's, which may only write. */
  readonly writer: AccessKey;
  /**
   * The key of the user whose subuser that is. It owns what either writes, and asked in some spellings to copy from there
   * Ceph looks at the owner, and at no policy: what `presync doctor` must find.
   */
  readonly writingUser: AccessKey;
  /** Ends the processes started here, and removes the directory. Idempotent. */
  close(): Promise<void>;
}

/** Which of the programs needed are not installed. */
export function missingPrograms(): string[] {
  const programs = ["radosgw", "radosgw-admin", "ceph", "ceph-mon", "ceph-osd", "monmaptool"];
  return programs.filter((program) => !hasProgram(program));
}

export async function startRgw(options: RgwOptions = {}): Promise<Rgw> {
  const missing = missingPrograms();
  if (missing.length > 0) throw new Error(`not installed: ${missing.join(", ")}`);
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), "presync-rgw-")));
  if (options.dir !== undefined) await mkdir(dir);
  const servers = createServerGroup();
  let closing: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    await servers.end();
    await rm(dir, { recursive: true, force: true });
  };
  try {
    const [gatewayPort = 0, monitorPort = 0, monitorPortV1 = 0] = await freePorts(3);
    const layout: CephLayout = {
      dir,
      fsid: randomUUID(),
      gatewayPort: options.port ?? gatewayPort,
      monitorPort,
      monitorPortV1,
    };
    const endpoint = `http://127.0.0.1:${layout.gatewayPort}`;
    const users = await startCluster(layout, servers);
    await until(() => answers(endpoint), servers, "the gateway to answer");
    const userIds = { owner: "admin", reader: "reader", writer: "writer" };
    await setUpBucket({ endpoint, region, bucket }, users.admin, userIds, options.origins ?? []);
    return { endpoint, region, bucket, ...users, close: () => (closing ??= end()) };
  } catch (error) {
    const log = await readFile(join(dir, "log"), "utf8").catch(() => "");
    await end();
    throw new Error(`Ceph did not start; the end of its log:\n${log.slice(-2000)}`, {
      cause: error,
    });
  }
}

/** Starts monitor, OSD and gateway, and makes the users. */
async function startCluster(
  layout: CephLayout,
  servers: ServerGroup,
): Promise<Pick<Rgw, "admin" | "reader" | "writer" | "writingUser">> {
  const { dir } = layout;
  const conf = join(dir, "ceph.conf");
  const log = join(dir, "log");
  const monmap = join(dir, "monmap");
  await Promise.all(["mon", "osd", "run", "rgw"].map((name) => mkdir(join(dir, name))));
  await writeFile(conf, cephConf(layout));

  const addresses = ["--addv", "a", monitorAddress(layout)];
  await runTool("monmaptool", ["--create", "--fsid", layout.fsid, ...addresses, monmap]);
  await runTool("ceph-mon", ["-c", conf, "--mkfs", "-i", "a", "--monmap", monmap]);
  servers.start("ceph-mon", ["-c", conf, "-i", "a", "-f"], log);

  // The tool reads one command per line, which saves starting it for each.
  const osdId = randomUUID();
  const pools = gatewayPools.flatMap((pool) => [
    `osd pool create ${pool} 4`,
    `osd pool application enable ${pool} rgw`,
  ]);
  const commands = [
    `osd new ${osdId}`,
    "osd crush add osd.0 1.0 host=localhost root=default",
    ...pools,
  ];
  await runTool("ceph", ["-c", conf, "--connect-timeout", "30"], `${commands.join("\n")}\n`);
  await runTool("ceph-osd", ["-c", conf, "-i", "0", "--mkfs", "--osd-uuid", osdId]);
  servers.start("ceph-osd", ["-c", conf, "-i", "0", "-f"], log);
  // A gateway that comes before its OSD waits several seconds before it tries again.
  await until(() => osdIsActive(join(dir, "run", "osd.0.asok")), servers, "the OSD to be active");

  const [admin, reader] = [makeKey("admin"), makeKey("reader")];
  const [writer, writingUser] = [makeKey("writer"), makeKey("writinguser")];
  const tool = (...asked: readonly string[]): Promise<unknown> =>
    runTool("radosgw-admin", ["-c", conf, ...asked]);
  for (const [uid, key] of Object.entries({ admin, reader, writer: writingUser }))
    await tool("user", "create", "--uid", uid, "--display-name", uid, ...words(key));
  const subuser = ["--uid", "writer", "--subuser", "writer:put"];
  await tool("subuser", "create", ...subuser, "--access", "write");
  await tool("key", "create", ...subuser, "--key-type", "s3", ...words(writer));
  servers.start("radosgw", ["-c", conf, "-n", "client.rgw", "-f"], log);
  return { admin, reader, writer, writingUser };
}

function words({ accessKeyId, secretAccessKey }: AccessKey): string[] {
  return ["--access-key", accessKeyId, "--secret-key", secretAccessKey];
}

function makeKey(name: string): AccessKey {
  return { accessKeyId: `${name}key`, secretAccessKey: randomUUID() };
}

async function answers(endpoint: string): Promise<boolean> {
  try {
    await fetch(endpoint);
    return true;
  } catch {
    return false;
  }
}

/** Asks the OSD itself, through its admin socket: JSON and a zero byte there, a length and JSON back. */
function osdIsActive(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = connect(socketPath, () =>
      socket.write(`${JSON.stringify({ prefix: "status" })}\0`),
    );
    socket.on("data", (chunk) => chunks.push(chunk));
    // No socket yet: `close` follows, without data.
    socket.on("error", () => socket.destroy());
    socket.on("close", () => resolve(/"state": ?"active"/.test(Buffer.concat(chunks).toString())));
  });
}

async function until(
  condition: () => Promise<boolean>,
  servers: ServerGroup,
  what: string,
): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await condition())) {
    servers.check();
    if (Date.now() > deadline) throw new Error(`waited in vain for ${what}`);
    await sleep(POLL_INTERVAL_MS);
  }
}
