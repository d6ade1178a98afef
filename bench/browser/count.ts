/** What a list of requests costs. */
import type { RequestCount } from "../../scripts/dev-store/index.ts";

export interface Cost {
  readonly puts: number;
  /** GETs that carried an object. */
  readonly gets: number;
  /** GETs that were answered 304 or 404: nothing new. */
  readonly emptyGets: number;
  readonly preflights: number;
  readonly bytesUp: number;
  readonly bytesDown: number;
}

export function costOf(requests: readonly RequestCount[]): Cost {
  const count = (fits: (request: RequestCount) => boolean): number =>
    requests.filter((request) => fits(request)).length;
  return {
    puts: count(({ method }) => method === "PUT"),
    gets: count(({ method, status }) => method === "GET" && status === 200),
    emptyGets: count(({ method, status }) => method === "GET" && status !== 200),
    preflights: count(({ method }) => method === "OPTIONS"),
    bytesUp: requests.reduce((sum, { requestBytes }) => sum + requestBytes, 0),
    bytesDown: requests
      .filter(({ method, status }) => method === "GET" && status === 200)
      .reduce((sum, { responseBytes }) => sum + responseBytes, 0),
  };
}
