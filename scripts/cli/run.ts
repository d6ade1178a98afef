/** Runs one command to its end. Exit codes: 0 done, 1 it failed (or `doctor` found an error), 2 it was not understood. */
import { join } from "node:path";
import { PresyncError } from "../../shared/errors.ts";
import type { Command, DevArguments, DoctorArguments } from "./arguments.ts";
import { parseCommand } from "./arguments.ts";
import type { DevStack } from "./dev.ts";
import { startDev } from "./dev.ts";
import { runDoctor } from "./doctor.ts";
import { helpText } from "./help.ts";
import { initApp, initOff } from "./init.ts";
import { manifestFile, packageVersion } from "./package-files.ts";
import { startService } from "./serve.ts";

export interface CliWorld {
  readonly words: readonly string[];
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly packageDirectory: string;
  readonly print: (line: string) => void;
  readonly warn: (line: string) => void;
  /** Resolves when the user or the system asks to stop. */
  readonly untilStopped: () => Promise<void>;
}

export async function runCli(world: CliWorld): Promise<0 | 1 | 2> {
  try {
    const command = parseCommand(world.words);
    if (command.name === "doctor") return await runDoctor(command, world);
    await run(command, world);
    return 0;
  } catch (error) {
    const lines = error instanceof Error ? error.message.split("\n") : [String(error)];
    for (const line of lines) world.warn(`presync: ${line}`);
    return error instanceof PresyncError && error.code === "invalid-argument" ? 2 : 1;
  }
}

async function run(command: Exclude<Command, DoctorArguments>, world: CliWorld): Promise<void> {
  const { packageDirectory, print, warn } = world;
  switch (command.name) {
    case "dev":
      return runDev(command, world);
    case "serve": {
      const stopped = world.untilStopped();
      const service = await startService(world.environment, warn);
      print(`presync service listens at ${service.url}`);
      if (service.metricsUrl !== undefined) print(`metrics are at ${service.metricsUrl}`);
      await stopped;
      return service.close();
    }
    case "init": {
      const { directory, force, off } = command;
      const init = off ? initOff : initApp;
      const steps = await init({ directory, packageDirectory, force });
      for (const { file, did } of steps) print(`${did.padEnd(9)} ${join(directory, file)}`);
      return print(
        off
          ? "once it is deployed, presync is off; presync init without --off brings everything back"
          : `run it again after every build: ${manifestFile} lists the app's files`,
      );
    }
    case "version":
      return print(await packageVersion(packageDirectory));
    case "help":
      return print(helpText.trimEnd());
  }
}

async function runDev(command: DevArguments, world: CliWorld): Promise<void> {
  const { port, storeJson, writeIntervalMs, grantSeconds } = command;
  // Asked for first: who is told to stop while starting stops as cleanly.
  const stopped = world.untilStopped();
  const stack = await startDev({
    appDirectory: command.app ?? join(world.packageDirectory, "demo"),
    packageDirectory: world.packageDirectory,
    dataDirectory: command.data,
    origins: command.origins,
    ...(port === undefined ? {} : { port }),
    ...(storeJson === undefined ? {} : { storeJson }),
    ...(writeIntervalMs === undefined ? {} : { writeIntervalMs }),
    ...(grantSeconds === undefined ? {} : { grantSeconds }),
    warn: (line) => world.warn(`presync: ${line}`),
  });
  world.print(command.json ? readyJson(stack) : readyText(stack, command.data));
  await stopped;
  await stack.close();
}

function readyJson({ app, service, store }: DevStack): string {
  return JSON.stringify({ app, service, store });
}

/** One address: the one to open. Service and store are for programs, which ask with `--json`. */
function readyText({ app }: DevStack, data: string): string {
  return ["", `  Open  ${app}`, "", `  Data is kept in ${data}. Ctrl-C ends it.`, ""].join("\n");
}
