/**
 * The browser's WebRTC connections, which only a page can have. The worker says what to do with each, by its id; what
 * comes in is passed on as it is. One channel each, ordered and reliable, agreed on in advance.
 */
import type { ConnectionCommand, ConnectionEvent } from "../../shared/peer-wire.ts";

/** Host candidates are there at once; a STUN server that does not answer is not waited for. */
const gatherMsMax = 1_500;

/** What may wait to be sent on one connection: more is dropped, and comes through the bucket. One message always may. */
const bufferedBytesMax: number = 1024 * 1024;

export interface PeerConnections {
  perform(command: ConnectionCommand): void;
  /** Ends them all. */
  close(): void;
}

interface Held {
  readonly connection: RTCPeerConnection;
  readonly channel: RTCDataChannel;
}

export function createPeerConnections(
  iceServers: readonly RTCIceServer[],
  tell: (event: ConnectionEvent) => void,
): PeerConnections {
  const held = new Map<string, Held>();

  const end = (id: string): void => {
    const found = held.get(id);
    if (!held.delete(id)) return;
    found?.channel.close();
    found?.connection.close();
  };

  /** An attempt that has ended says nothing of one that has its id now. */
  const isHeld = (id: string, connection: RTCPeerConnection): boolean =>
    held.get(id)?.connection === connection;

  const fail = (id: string, connection: RTCPeerConnection): void => {
    if (!isHeld(id, connection)) return;
    end(id);
    tell({ what: "closed", id });
  };

  const begin = (id: string): RTCPeerConnection => {
    const connection = new RTCPeerConnection({ iceServers: [...iceServers] });
    const channel = connection.createDataChannel("presync", { negotiated: true, id: 0 });
    channel.binaryType = "arraybuffer";
    channel.addEventListener("open", () => tell({ what: "opened", id }));
    channel.addEventListener("close", () => fail(id, connection));
    channel.addEventListener("message", ({ data }: MessageEvent<unknown>) => {
      // Text is not ours: an empty frame is refused by the worker, which counts such things.
      const frame = data instanceof ArrayBuffer ? new Uint8Array(data) : new Uint8Array();
      tell({ what: "received", id, frame });
    });
    connection.addEventListener("connectionstatechange", () => {
      if (connection.connectionState === "failed") fail(id, connection);
    });
    held.set(id, { connection, channel });
    return connection;
  };

  const describe = async (id: string, offer?: string): Promise<void> => {
    const connection = begin(id);
    if (offer !== undefined) await connection.setRemoteDescription({ type: "offer", sdp: offer });
    await connection.setLocalDescription();
    await gathered(connection);
    const sdp = connection.localDescription?.sdp;
    if (isHeld(id, connection) && sdp !== undefined) tell({ what: "described", id, sdp });
  };

  const send = (id: string, frames: readonly Uint8Array[]): void => {
    const channel = held.get(id)?.channel;
    if (channel === undefined) return;
    const waiting = channel.bufferedAmount;
    const bytes = frames.reduce((sum, frame) => sum + frame.length, waiting);
    if (channel.readyState !== "open" || (waiting > 0 && bytes > bufferedBytesMax))
      return tell({ what: "dropped", id });
    for (const frame of frames) channel.send(frame as Uint8Array<ArrayBuffer>);
  };

  const run = async (command: ConnectionCommand): Promise<void> => {
    const { id } = command;
    switch (command.what) {
      case "offer":
        return describe(id);
      case "answer":
        return describe(id, command.sdp);
      case "accept":
        return held.get(id)?.connection.setRemoteDescription({ type: "answer", sdp: command.sdp });
      case "send":
        return send(id, command.frames);
      case "close":
        end(id);
    }
  };

  return {
    // Whatever a browser refuses is a connection that came to nothing.
    perform(command) {
      const running = run(command);
      const connection = held.get(command.id)?.connection;
      running.catch(() => connection && fail(command.id, connection));
    },
    close() {
      for (const id of held.keys()) end(id);
    },
  };
}

/** Resolves when all candidates are in the description, or those that could be had in time. */
function gathered(connection: RTCPeerConnection): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (connection.iceGatheringState === "complete") resolve();
    };
    setTimeout(resolve, gatherMsMax);
    connection.addEventListener("icegatheringstatechange", look);
    look();
  });
}
