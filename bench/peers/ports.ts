/** What the WebSocket systems share: a client needs only the port. */
import type { Dataset } from "../documents.ts";
import type { LinkBytes, Network } from "../network/links.ts";

export interface Admitted {
  readonly address: number;
  bytes(): Promise<LinkBytes>;
}

export function admitToPort(
  port: number,
): (network: Network, roundTripMs: number) => Promise<Admitted> {
  return async (network, roundTripMs) => {
    const link = await network.link(port, roundTripMs);
    return { address: link.port, bytes: () => link.bytes() };
  };
}

export function documentCount({ kind, count }: Dataset): number {
  return kind === "text" ? 1 : count;
}
