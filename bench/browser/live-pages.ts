/**
 * The pages between which an edit travels: presync's, and automerge-repo with its WebSocket client. Both have one text
 * open, which they tell of as `globalThis.live`.
 */

/** What both pages have. */
export interface LivePage {
  text(): string;
  /** Adds one character. */
  type(): void;
  /** One moment for each character that was added since the page was opened, here or elsewhere, in milliseconds. */
  moments(): number[];
  /**
   * Writes in turn with another page that does the same, each as soon as it has seen the other's; one of them begins.
   * Resolves to the milliseconds that each edit took until the other had seen it.
   */
  writeInTurn(edits: number, begins: boolean): Promise<number[]>;
}

/** What presync's page has besides. */
export interface PresyncPage {
  newSecretKey(): string;
  signIn(method: "key", options: { secretKey: string }): Promise<void>;
  readonly status: {
    get(): {
      readonly hints: string;
      readonly bucket: string;
      readonly peers: readonly { readonly channel: boolean }[];
    };
  };
}

const shared = `
// All browsers of this machine share this clock.
const clock = () => performance.timeOrigin + performance.now();

const liveOn = (handle, splice) => {
  const text = () => handle.doc().text;
  const type = () => handle.change((doc) => splice(doc, ["text"], text().length, 0, "x"));
  const before = text().length;
  const moments = [];
  handle.on("change", () => {
    while (before + moments.length < text().length) moments.push(clock());
  });
  return {
    text,
    type,
    moments: () => moments,
    writeInTurn(edits, begins) {
      const start = text().length;
      const took = [];
      let writtenAt;
      return new Promise((resolve) => {
        const look = () => {
          const count = text().length - start;
          if (count > edits || (count % 2 === 0) !== begins) return;
          // There and back.
          if (writtenAt !== undefined) took.push((clock() - writtenAt) / 2);
          if (count === edits) return resolve(took);
          writtenAt = clock();
          queueMicrotask(type);
          if (count === edits - 1) resolve(took);
        };
        handle.on("change", look);
        look();
      });
    },
  };
};
`;

const shell = `<!doctype html>
<meta charset="utf-8" />
<title>live</title>
`;

/** With `?peers=off` it opens no channels to other browsers. */
export const livePresyncPage: string = `${shell}<script type="module">
  import { Automerge, connect } from "/presync.js";
  ${shared}
  const peers = new URLSearchParams(location.search).get("peers") !== "off";
  globalThis.presync = await connect({ peers });
  globalThis.live = liveOn(await presync.open("live", { text: "" }), Automerge.splice);
</script>
`;

export const livePeerPage: string = `${shell}<script type="module" src="/live-peer.js"></script>\n`;

/** `?port=` is where its server is, `?open=` the document that another page has made. */
export const livePeerSource: string = `
import * as A from "@automerge/automerge/slim";
import { initializeWasm, Repo } from "@automerge/automerge-repo/slim";
import { WebSocketClientAdapter } from "@automerge/automerge-repo-network-websocket";
${shared}
const asked = new URLSearchParams(location.search);
await initializeWasm(fetch("/automerge.wasm"));
const repo = new Repo({ network: [new WebSocketClientAdapter("ws://127.0.0.1:" + asked.get("port"))] });
const handle = asked.has("open") ? await repo.find(asked.get("open")) : repo.create({ text: "" });
globalThis.url = handle.url;
globalThis.live = liveOn(handle, A.splice);
`;
