/** Only what a browser's connections cannot be made to do in time: one fails after another one has its id. */
import { afterEach, expect, test, vi } from "vitest";
import { createDeferred } from "../../shared/deferred.ts";
import type { ConnectionEvent } from "../../shared/peer-wire.ts";
import { createPeerConnections } from "./peer-connections.ts";

afterEach(() => vi.unstubAllGlobals());

/** Describes itself when a test says so. */
class FakeConnection extends EventTarget {
  static readonly made: FakeConnection[] = [];
  readonly channel: EventTarget & { close?: () => void } = new EventTarget();
  readonly described = createDeferred();
  readonly iceGatheringState = "complete";
  readonly localDescription = { sdp: "description" };

  constructor() {
    super();
    FakeConnection.made.push(this);
  }

  createDataChannel(): EventTarget {
    this.channel.close = () => undefined;
    return this.channel;
  }
  setRemoteDescription(): Promise<void> {
    return this.described.promise;
  }
  setLocalDescription = async (): Promise<void> => undefined;
  close(): void {}
}

const settle = (): Promise<void> => new Promise((resolve) => void setTimeout(resolve));

test("an attempt that has ended says nothing of one that has its id now", async () => {
  vi.stubGlobal("RTCPeerConnection", FakeConnection);
  const events: ConnectionEvent[] = [];
  const connections = createPeerConnections([], (event) => void events.push(event));
  const answer = { what: "answer", id: "one", sdp: "offer" } as const;
  for (const end of ["fails", "closes", "is described"] as const) {
    FakeConnection.made.length = 0;
    events.length = 0;
    connections.perform(answer);
    connections.perform({ what: "close", id: "one" });
    connections.perform(answer);
    const [before, present] = FakeConnection.made;
    if (end === "fails") before!.described.reject(new Error("it is closed"));
    else if (end === "closes") before!.channel.dispatchEvent(new Event("close"));
    else before!.described.resolve();
    await settle();
    expect(events).toEqual([]);
    present!.described.resolve();
    await settle();
    expect(events).toEqual([{ what: "described", id: "one", sdp: "description" }]);
    connections.perform({ what: "close", id: "one" });
  }
});
