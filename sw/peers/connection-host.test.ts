import { expect, test } from "vitest";
import type { ConnectionCommand } from "../../shared/peer-wire.ts";
import { createConnectionHost } from "./connection-host.ts";

function hostAndLog() {
  const log: string[] = [];
  const host = createConnectionHost({
    changed: () => void log.push(host.isThere ? "there" : "gone"),
    event: (event) => void log.push(`${event.what} ${event.id}`),
  });
  const sent: string[] = [];
  const say = (tab: string, isHolding: boolean): void =>
    host.heard(tab, { what: "holding", isHolding }, (command: ConnectionCommand) =>
      sent.push(`${tab}: ${command.what}`),
    );
  return { host, log, sent, say };
}

test("commands go to the tab that holds, and nowhere while none does", () => {
  const { host, log, sent, say } = hostAndLog();
  host.perform({ what: "offer", id: "1" });
  say("a", true);
  host.perform({ what: "offer", id: "2" });
  host.left("a");
  host.perform({ what: "offer", id: "3" });
  expect(sent).toEqual(["a: offer"]);
  expect(log).toEqual(["there", "gone"]);
});

test("a new holder takes over although the former one said nothing, and that one is heard no more", () => {
  const { host, log, sent, say } = hostAndLog();
  say("a", true);
  say("b", true);
  host.heard("a", { what: "opened", id: "1" }, () => undefined);
  say("a", false);
  host.left("a");
  host.perform({ what: "close", id: "1" });
  host.heard("b", { what: "opened", id: "2" }, () => undefined);
  expect(sent).toEqual(["b: close"]);
  expect(log).toEqual(["there", "gone", "there", "opened 2"]);
});
