/**
 * WebRTC connections for tests: tabs that describe, open and carry as browsers do, without any. A description names its
 * connection and its tab, as a fingerprint would, so that an answer fits only the offer it was made for.
 */
import type { ConnectionCommand, ConnectionEvent } from "../../shared/peer-wire.ts";

export interface FakeTab {
  readonly perform: (command: ConnectionCommand) => void;
  /** What it was told to do. */
  readonly commands: ConnectionCommand[];
  /** A tab that does nothing any more, and says nothing either. */
  isHung: boolean;
}

export interface FakeConnections {
  tab(name: string, tell: (event: ConnectionEvent) => void): FakeTab;
  /** What is sent from now on gets lost, and nobody is told. */
  isSilent: boolean;
}

interface End {
  readonly tab: FakeTab;
  readonly tell: (event: ConnectionEvent) => void;
  other: End | null;
}

const tellClosed = (end: End, id: string): void => later(() => end.tell({ what: "closed", id }));

const later = (action: () => void): void => void Promise.resolve().then(action);

export function createFakeConnections(): FakeConnections {
  const ends = new Map<string, End>();
  const self: FakeConnections = {
    isSilent: false,
    tab(name, tell) {
      const keyOf = (id: string, by: string = name): string => `${by} ${id}`;
      const run = (command: ConnectionCommand): void => {
        const { id } = command;
        const own = ends.get(keyOf(id));
        switch (command.what) {
          case "offer":
          case "answer": {
            const end: End = { tab, tell, other: null };
            if (command.what === "answer") {
              end.other = ends.get(command.sdp) ?? null;
              if (end.other === null) return later(() => tell({ what: "closed", id }));
            }
            ends.set(keyOf(id), end);
            return later(() => tell({ what: "described", id, sdp: keyOf(id) }));
          }
          case "accept": {
            const other = ends.get(command.sdp);
            if (own === undefined || other?.other !== own) return;
            own.other = other;
            for (const end of [own, other]) later(() => end.tell({ what: "opened", id }));
            return;
          }
          case "send":
            if (self.isSilent) return;
            for (const frame of command.frames)
              later(() => {
                if (own?.other?.tab.isHung === false)
                  own.other.tell({ what: "received", id, frame: frame.slice() });
              });
            return;
          case "close":
            ends.delete(keyOf(id));
            if (own !== undefined && own.other?.other === own && !self.isSilent)
              tellClosed(own.other, id);
        }
      };
      const tab: FakeTab = {
        commands: [],
        isHung: false,
        perform(command) {
          tab.commands.push(command);
          if (!tab.isHung) run(command);
        },
      };
      return tab;
    },
  };
  return self;
}
