/** Sends what browsers tell each other directly through links, as everything else goes. */
import type { BrowserContext } from "@playwright/test";
import type { Network } from "../network/links.ts";

/** In the page: of all ways to another browser, the links to it alone are left. */
const throughLinks = `
const { prototype } = RTCPeerConnection;
const set = prototype.setRemoteDescription;
prototype.setRemoteDescription = async function ({ type, sdp }) {
  const lines = [];
  for (const line of sdp.split("\\r\\n")) {
    const words = line.split(" ");
    const isWay = words[0].startsWith("a=candidate:");
    if (isWay && words[2].toLowerCase() === "udp") {
      words[4] = "127.0.0.1";
      words[5] = await linkTo(Number(words[5]));
      lines.push(words.join(" "));
    } else if (!isWay) lines.push(line);
  }
  return set.call(this, { type, sdp: lines.join("\\r\\n") });
};
`;

/** Must come before the context's pages are opened. Every channel of its pages takes `roundTripMs` longer there and back. */
export async function delayChannels(
  context: BrowserContext,
  network: Network,
  roundTripMs: number,
): Promise<void> {
  await context.exposeFunction(
    "linkTo",
    async (port: number) => (await network.datagramLink(port, roundTripMs)).port,
  );
  await context.addInitScript({ content: throughLinks });
}
