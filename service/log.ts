/**
 * What the service tells its operator. Events are data with fixed names, so that nothing is logged by
 * accident: no header, token, secret, signature or URL ever goes into one.
 */

export type LogLevel = "info" | "warn" | "error";

export interface LogEvent {
  readonly level: LogLevel;
  /** What happened, in kebab-case: `request`, `store-failed`, `replica-registered`. */
  readonly event: string;
  readonly [field: string]: string | number | boolean;
}

export type Log = (event: LogEvent) => void;

export const silentLog: Log = () => {};

/** A log that cannot make a request fail: what the listener throws is dropped. */
export function safeLog(log: Log): Log {
  return (event) => {
    try {
      log(event);
    } catch {
      // There is nobody left to tell.
    }
  };
}
