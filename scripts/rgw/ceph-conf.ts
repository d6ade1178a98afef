/**
 * The configuration of the smallest Ceph there is: one monitor, one OSD in memory, one gateway, on loopback, without
 * a manager and without cephx. Made for a life of a minute; nothing in it is fit to keep data.
 */
export interface CephLayout {
  /** Everything lies in here. */
  readonly dir: string;
  readonly fsid: string;
  readonly gatewayPort: number;
  readonly monitorPort: number;
  /** The monitor's port for the older protocol, which the tools try as well. */
  readonly monitorPortV1: number;
}

/** Pools the gateway would make for itself, one by one and slowly, at its first start and its first request. */
export const gatewayPools: readonly string[] = [
  ".rgw.root",
  "default.rgw.log",
  "default.rgw.control",
  "default.rgw.meta",
  "default.rgw.buckets.index",
  "default.rgw.buckets.data",
  "default.rgw.buckets.non-ec",
];

export function monitorAddress({ monitorPort, monitorPortV1 }: CephLayout): string {
  return `[v2:127.0.0.1:${monitorPort},v1:127.0.0.1:${monitorPortV1}]`;
}

export function cephConf(layout: CephLayout): string {
  const { dir, fsid, gatewayPort } = layout;
  // Without cephx the default of encrypted connections to the monitor cannot be met, and the gateway gets EACCES.
  const connectionModes = [
    "mon client",
    "client",
    "service",
    "cluster",
    "mon cluster",
    "mon service",
  ];
  const quiet = ["mon", "osd", "rgw", "bluestore", "rocksdb", "ms", "default"];
  return section("global", {
    fsid,
    "mon initial members": "a",
    "mon host": monitorAddress(layout),
    "public network": "127.0.0.0/8",
    "cluster network": "127.0.0.0/8",
    "ms bind ipv6": false,
    "auth cluster required": "none",
    "auth service required": "none",
    "auth client required": "none",
    ...Object.fromEntries(connectionModes.map((mode) => [`ms ${mode} mode`, "crc secure"])),

    // One copy on one disk is all there is.
    "osd pool default size": 1,
    "osd pool default min size": 1,
    "osd pool default pg num": 4,
    "osd pool default pgp num": 4,
    "osd pool default pg autoscale mode": "off",
    "osd crush chooseleaf type": 0,
    "mon allow pool size one": true,
    "mon max pg per osd": 1000,

    // By default the monitor gathers proposals for a second, and the start makes a dozen of them, one by one.
    "paxos propose interval": 0.02,
    "paxos min wait": 0.01,
    "mon tick interval": 1,
    // A disk that is nearly full elsewhere is no concern of this one.
    "mon data avail warn": 1,
    "mon data avail crit": 1,
    "osd heartbeat grace": 60,

    "osd objectstore": "memstore",
    "memstore device bytes": 2 ** 31,
    "osd class load list": "*",
    "osd class default list": "*",
    "mon data": `${dir}/mon`,
    "osd data": `${dir}/osd`,
    "osd journal": `${dir}/osd/journal`,
    "run dir": `${dir}/run`,
    "admin socket": `${dir}/run/$name.asok`,
    "pid file": "",
    "setuser match path": "",

    "log to file": false,
    "mon cluster log to file": false,
    "log to stderr": true,
    "err to stderr": true,
    ...Object.fromEntries(quiet.map((subsystem) => [`debug ${subsystem}`, "0/0"])),
  }).concat(
    section("client.rgw", {
      // Without tcp_nodelay every GET waits 40 ms for a delayed acknowledgement.
      "rgw frontends": `beast endpoint=127.0.0.1:${gatewayPort} tcp_nodelay=1`,
      "rgw data": `${dir}/rgw`,
      "rgw thread pool size": 64,
      "rgw override bucket index max shards": 1,
      "rgw enable usage log": false,
      "rgw enable ops log": false,
      "rgw gc max objs": 7,
      "rgw lc max objs": 7,
      "rgw num control oids": 1,
    }),
  );
}

function section(
  name: string,
  values: Readonly<Record<string, string | number | boolean>>,
): string {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${value}\n`);
  return `[${name}]\n${lines.join("")}`;
}
