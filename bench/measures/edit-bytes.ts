/** Bytes and requests of lone edits, of typing, and of doing nothing. */
import type { BucketCost } from "../counted-bucket.ts";
import { countIdle } from "../counts/idle.ts";
import { countLoneEdits } from "../counts/lone-edits.ts";
import { countTyping, keyIntervalMs } from "../counts/typing.ts";
import { openNetwork } from "../network/links.ts";
import { loadSystem, systemNames } from "../peers/all.ts";
import type { LiveClients, SystemName, Traffic } from "../peers/system.ts";
import { emptyText } from "../peers/system.ts";
import type { Outcome } from "../report/results.ts";
import { figure } from "../report/table.ts";
import { atMost, targets } from "../report/targets.ts";
import { readTrace } from "../traces.ts";

const loneEdits = 1_000;
const virtualKeys = 1_000;
/** On real time, because the peers' throttles are. */
const realKeys = 100;

/** What is under way when the last key was pressed. */
const drainMs = 3_000;

export async function measureEditBytes(): Promise<Outcome> {
  const lone = await countLoneEdits(loneEdits, true);
  const typing = await countTyping(virtualKeys);
  const idle = await countIdle();
  const live = await typeOnAll();

  const { writer, reader } = lone;
  return {
    name: "edit-bytes",
    title: "Bytes and requests per edit",
    notes: [
      `Lone edits: ${loneEdits} of them, 10 s to 2 min apart, to a document of one string; the reader is hinted after every acknowledged PUT. Typing: the first ${virtualKeys} keystrokes of the LaTeX paper, five a second. Both on virtual time, with the in-memory bucket; bytes are those of bodies.`,
      `Requests without news are GETs answered 304 or 404: polling. A page pays one CORS preflight per URL and Access-Control-Max-Age on top.`,
      `Typing on real time: ${realKeys} keystrokes, five a second, all systems at the same moment. Bytes there are the payload of TCP, with every header of HTTP/1.1 and WebSocket; for presync polling and its signed URLs are in it.`,
    ],
    tables: [
      {
        title: "presync, each edit",
        columns: [
          "",
          "device",
          "PUTs",
          "GETs",
          "GETs without news",
          "body bytes up",
          "body bytes down",
        ],
        rows: [
          row("lone edit", "writer", writer, loneEdits),
          row("lone edit", "reader", reader, loneEdits),
          row("keystroke", "writer", typing.writer, virtualKeys),
          row("keystroke", "reader", typing.reader, virtualKeys),
        ],
      },
      {
        title: "presync, doing nothing: requests an hour of one device that has one peer",
        columns: ["", "first hour", "fifth hour"],
        rows: [
          ["visible tab", ...idle.visible.map((count) => figure(count))],
          ["hidden tab", ...idle.hidden.map((count) => figure(count))],
        ],
      },
      {
        title: "Typing on real time: TCP bytes per keystroke",
        columns: ["", "writer up", "writer down", "reader up", "reader down"],
        rows: live.map(({ name, writer: ours, reader: theirs }) => [
          name,
          ...[ours.up, ours.down, theirs.up, theirs.down].map((bytes) => figure(bytes / realKeys)),
        ]),
      },
    ],
    checks: [
      atMost("PUTs per lone edit, median", lone.putsMedian, targets.putsPerLoneEdit, "PUT"),
      atMost(
        "GETs with news per lone edit, median",
        lone.getsMedian,
        targets.getsPerLoneEdit,
        "GET",
      ),
      atMost("lone edit up", writer.putBytes / loneEdits, targets.bytesPerLoneEdit, "B"),
      atMost("lone edit down", reader.getBytes / loneEdits, targets.bytesPerLoneEdit, "B"),
      atMost("keystroke up", typing.writer.putBytes / virtualKeys, targets.bytesPerKeystroke, "B"),
      atMost(
        "PUTs while typing",
        typing.writer.puts / typing.seconds,
        targets.putsPerSecondTyping,
        "/s",
      ),
    ],
    exact: {
      loneEdits: { edits: loneEdits, writer, reader, putBytesMax: lone.putBytesMax },
      typing: { keyIntervalMs, ...typing },
      idle,
    },
    times: { typing: live },
  };
}

interface TypedLive {
  readonly name: SystemName;
  readonly writer: Traffic;
  readonly reader: Traffic;
}

/** Types the same on all systems at once. */
async function typeOnAll(): Promise<TypedLive[]> {
  const network = await openNetwork();
  const loaded = await Promise.all(systemNames.map((name) => loadSystem(name)));
  const hosts = await Promise.all(loaded.map((system) => system.host(emptyText)));
  const clients: LiveClients[] = [];
  for (const host of hosts) clients.push(await host.live(network, 0));
  await pause(drainMs);
  const before = await Promise.all(clients.map((each) => each.bytes()));
  for (const edit of readTrace("automerge-paper", realKeys)) {
    for (const { writer } of clients)
      for (const [position, deleted, inserted] of edit) writer.splice(position, deleted, inserted);
    await pause(keyIntervalMs);
  }
  await pause(drainMs);
  const after = await Promise.all(clients.map((each) => each.bytes()));
  for (const { writer, reader } of clients)
    if (writer.text() !== reader.text()) throw new Error("a reader does not have what was typed");
  await Promise.all(clients.map((each) => each.close()));
  await Promise.all(hosts.map((host) => host.close()));
  await network.close();
  return loaded.map(({ name }, index) => ({
    name,
    writer: trafficBetween(before[index]!.writer, after[index]!.writer),
    reader: trafficBetween(before[index]!.reader, after[index]!.reader),
  }));
}

function trafficBetween(before: Traffic, after: Traffic): Traffic {
  const keys = Object.keys(after) as (keyof Traffic)[];
  return Object.fromEntries(
    keys.map((key) => [key, (after[key] ?? 0) - (before[key] ?? 0)]),
  ) as unknown as Traffic;
}

function pause(durationMs: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, durationMs));
}

function row(what: string, device: string, cost: BucketCost, edits: number): string[] {
  return [
    what,
    device,
    ...[cost.puts, cost.gets, cost.emptyGets].map((count) => figure(count / edits)),
    figure(cost.putBytes / edits),
    figure(cost.getBytes / edits),
  ];
}
