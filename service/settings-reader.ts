/** Reads variables of an environment, and gathers what is wrong with them: a line for each mistake, without its value. */
import type { Fault } from "./faults.ts";
import { urlFault } from "./faults.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface SettingsReader {
  readonly mistakes: string[];
  /** What works but should not stay so. */
  readonly warnings: string[];
  /** A variable set to nothing is one that is not set: that is how compose files leave one out. */
  readonly read: (name: string) => string | undefined;
  readonly check: (name: string, fault: Fault) => void;
  /** One that must be set. */
  readonly text: (name: string, faultOf: (value: string) => Fault) => string;
  /** The same, with commas in between. */
  readonly list: (name: string) => string[];
  readonly whole: (name: string, faultOf: (value: number) => Fault) => number | undefined;
  readonly url: (name: string) => string | undefined;
  /** Several that are of no use one without the other; undefined where none is set. */
  readonly together: <Name extends string>(
    ...names: readonly Name[]
  ) => Record<Name, string> | undefined;
}

export function createSettingsReader(environment: Environment): SettingsReader {
  const mistakes: string[] = [];
  const read = (name: string): string | undefined => {
    const value: unknown = environment[name];
    // Some runtimes have more than texts among them.
    return typeof value === "string" ? value.trim() || undefined : undefined;
  };
  const check = (name: string, fault: Fault): void => {
    if (fault !== undefined) mistakes.push(`${name} ${fault}`);
  };

  return {
    mistakes,
    warnings: [],
    read,
    check,
    text(name, faultOf) {
      const value = read(name);
      if (value === undefined) mistakes.push(`${name} is not set`);
      else check(name, faultOf(value));
      return value ?? "";
    },
    list(name) {
      const values = (read(name) ?? "").split(",").map((value) => value.trim());
      const filled = values.filter((value) => value !== "");
      if (filled.length === 0) mistakes.push(`${name} is not set`);
      return filled;
    },
    whole(name, faultOf) {
      const value = read(name);
      if (value === undefined) return undefined;
      const number = /^\d{1,12}$/.test(value) ? Number(value) : Number.NaN;
      check(name, faultOf(number));
      return number;
    },
    url(name) {
      const value = read(name);
      if (value !== undefined) check(name, urlFault(value));
      return value;
    },
    together<Name extends string>(...names: readonly Name[]) {
      const values = names.map((name) => [name, read(name)] as const);
      const present = values.filter(([, value]) => value !== undefined).map(([name]) => name);
      if (present.length === 0) return undefined;
      for (const [name, value] of values)
        if (value === undefined)
          mistakes.push(`${name} is not set, but ${present.join(" and ")} is`);
      const entries = values.map(([name, value]) => [name, value ?? ""]);
      return Object.fromEntries(entries) as Record<Name, string>;
    },
  };
}

/** Whether what goes there travels readable, further than this machine. */
export function isPlainHttp(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname } = new URL(text);
  return protocol === "http:" && !["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
