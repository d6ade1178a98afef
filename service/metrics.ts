/** Prometheus metrics, made of the log's events: what is logged is counted, and nothing else is known of it. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import type { Log } from "./log.ts";

const msPerSecond = 1000;

/** From a signature to a store that is slow. */
const durationBuckets = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export interface Metrics {
  readonly count: Log;
  readonly contentType: string;
  /** In Prometheus' text format. */
  text(): Promise<string>;
}

export function createMetrics(): Metrics {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const requests = new Histogram({
    name: "presync_request_seconds",
    help: "Requests by method, route and status, and how long they took.",
    labelNames: ["method", "route", "status"],
    buckets: durationBuckets,
    registers: [register],
  });
  const events = new Counter({
    name: "presync_events_total",
    help: "Everything that is logged, requests apart: sign-ins, grants, failures of the store, …",
    labelNames: ["event", "level"],
    registers: [register],
  });
  const streams = new Gauge({
    name: "presync_hint_streams",
    help: "Streams of hints that are open.",
    registers: [register],
  });
  const hints = new Counter({
    name: "presync_hints_total",
    help: "Hints that were sent, one for each stream, by who said that something has changed.",
    labelNames: ["source"],
    registers: [register],
  });
  return {
    count(logged) {
      const { event, level } = logged;
      if (event === "hint-stream-opened" || event === "hint-stream-ended")
        streams.set(Number(logged["streams"]));
      if (event === "hints-delivered")
        hints.inc({ source: String(logged["source"]) }, Number(logged["streams"]));
      if (event !== "request") return events.inc({ event, level });
      const { method, path, status, ms } = logged;
      requests.observe(
        { method: String(method), route: String(path), status: String(status) },
        Number(ms) / msPerSecond,
      );
    },
    contentType: register.contentType,
    text: () => register.metrics(),
  };
}
