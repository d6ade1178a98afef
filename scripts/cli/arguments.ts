/** From words on the command line to a command; what is not understood is `invalid-argument`, in one clear line. */
import { parseArgs } from "node:util";
import { originFault } from "../../service/faults.ts";
import { PresyncError } from "../../shared/errors.ts";
import type { StoreName } from "../doctor/profiles.ts";
import { storeNames } from "../doctor/profiles.ts";

export interface DevArguments {
  readonly name: "dev";
  readonly app: string | undefined;
  readonly data: string;
  readonly port: number | undefined;
  readonly origins: readonly string[];
  readonly json: boolean;
  readonly writeIntervalMs: number | undefined;
  readonly grantSeconds: number | undefined;
  readonly storeJson: string | undefined;
}

export interface DoctorArguments {
  readonly name: "doctor";
  /** Guessed from the endpoint where it is not given. */
  readonly store: StoreName | undefined;
  readonly fix: boolean;
  readonly json: boolean;
}

export type Command =
  | DevArguments
  | DoctorArguments
  | {
      readonly name: "init";
      readonly directory: string;
      readonly force: boolean;
      readonly off: boolean;
    }
  | { readonly name: "serve" | "help" | "version" };

const portMax = 65_535;
/** A day: nobody waits longer for a second write, or means it. */
const writeIntervalMsMax = 86_400_000;
/** SigV4 allows seven days; the service clamps, but here it would be a typing error. */
const grantSecondsMax = 604_800;

export function parseCommand(words: readonly string[]): Command {
  const [name = "help", ...rest] = words;
  switch (name) {
    case "dev":
      return parseDev(rest);
    case "init":
      return parseInit(rest);
    case "doctor":
      return parseDoctor(rest);
    case "serve":
      parse(rest, {});
      return { name };
    case "help":
    case "--help":
    case "-h":
      return { name: "help" };
    case "version":
    case "--version":
    case "-v":
      return { name: "version" };
    default:
      throw wrong(`there is no command ${JSON.stringify(name)}; presync help lists them`);
  }
}

function parseDev(words: readonly string[]): Command {
  const { values, positionals } = parse(words, {
    app: { type: "string" },
    data: { type: "string", default: ".presync" },
    port: { type: "string" },
    origin: { type: "string", multiple: true, default: [] as string[] },
    json: { type: "boolean", default: false },
    "write-interval": { type: "string" },
    "grant-seconds": { type: "string" },
    "store-json": { type: "string" },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return { name: "help" };
  if (positionals.length > 0)
    throw wrong(
      `dev takes no ${JSON.stringify(positionals[0])}; an app's folder goes behind --app`,
    );
  for (const origin of values.origin) {
    const fault = originFault(origin);
    if (fault !== undefined) throw wrong(`--origin ${fault}`);
  }
  return {
    name: "dev",
    app: values.app,
    data: values.data,
    port: whole("--port", values.port, 1, portMax),
    origins: values.origin,
    json: values.json,
    writeIntervalMs: whole("--write-interval", values["write-interval"], 0, writeIntervalMsMax),
    grantSeconds: whole("--grant-seconds", values["grant-seconds"], 1, grantSecondsMax),
    storeJson: values["store-json"],
  };
}

function parseInit(words: readonly string[]): Command {
  const { values, positionals } = parse(words, {
    force: { type: "boolean", default: false },
    off: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return { name: "help" };
  const [directory] = positionals;
  if (directory === undefined || positionals.length > 1)
    throw wrong("init takes one folder: presync init <dir>");
  return { name: "init", directory, force: values.force, off: values.off };
}

function parseDoctor(words: readonly string[]): Command {
  const { values, positionals } = parse(words, {
    store: { type: "string" },
    fix: { type: "boolean", default: false },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  });
  if (values.help) return { name: "help" };
  if (positionals.length > 0)
    throw wrong(
      `doctor takes no ${JSON.stringify(positionals[0])}; the environment names the bucket`,
    );
  const store = storeNames.find((name) => name === values.store);
  if (values.store !== undefined && store === undefined)
    throw wrong(`--store is one of ${storeNames.join(", ")}`);
  return { name: "doctor", store, fix: values.fix, json: values.json };
}

type OptionsConfig = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>["options"]>;

function parse<const T extends OptionsConfig>(
  words: readonly string[],
  options: T,
): ReturnType<typeof parseArgs<{ options: T; allowPositionals: true; strict: true }>> {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: true, strict: true });
  } catch (error) {
    // Node's first sentence says what was not understood; the rest explains its own syntax.
    throw wrong(error instanceof Error ? (error.message.split(/\.\s/)[0] ?? "") : "bad options");
  }
}

function whole(
  name: string,
  text: string | undefined,
  min: number,
  max: number,
): number | undefined {
  if (text === undefined) return undefined;
  const number = /^\d{1,12}$/.test(text) ? Number(text) : Number.NaN;
  if (number >= min && number <= max) return number;
  throw wrong(`${name} takes a whole number from ${min} to ${max}`);
}

function wrong(message: string): PresyncError {
  return new PresyncError("invalid-argument", message);
}
