import { expect, test } from "vitest";
import type { ReplicaId } from "../../shared/keys.ts";
import { choosePeers, meshPeersMax } from "./mesh.ts";

const idOf = (number: number): ReplicaId =>
  `browser-${number.toString(16).padStart(6, "0")}` as ReplicaId;
const devices = (count: number): { replica: ReplicaId; lastChangeAt: number }[] =>
  Array.from({ length: count }, (_, index) => ({ replica: idOf(index), lastChangeAt: 0 }));

test("up to the bound it is everybody", () => {
  const others = devices(meshPeersMax + 1).filter(({ replica }) => replica !== idOf(3));
  expect(choosePeers(idOf(3), others)).toEqual(others.map(({ replica }) => replica));
});

test("beyond it, the neighbours on the ring and who changed something last", () => {
  const others = devices(40)
    .filter(({ replica }) => replica !== idOf(0))
    .map((each) => (each.replica === idOf(20) ? { ...each, lastChangeAt: 9 } : each));
  const chosen = choosePeers(idOf(0), others);
  expect(chosen).toHaveLength(meshPeersMax);
  for (const near of [1, 2, 38, 39, 20]) expect(chosen).toContain(idOf(near));
});

test("the mesh is in one piece, and neighbours choose each other", () => {
  const all = devices(100);
  const chosenBy = new Map(
    all.map(({ replica }) => [
      replica,
      choosePeers(
        replica,
        all.filter((other) => other.replica !== replica),
      ),
    ]),
  );
  const reached = new Set([idOf(0)]);
  for (const replica of reached) for (const next of chosenBy.get(replica)!) reached.add(next);
  expect(reached.size).toBe(100);
  for (const [index, { replica }] of all.entries()) {
    const next = idOf((index + 1) % 100);
    expect(chosenBy.get(replica)).toContain(next);
    expect(chosenBy.get(next)).toContain(replica);
  }
});
