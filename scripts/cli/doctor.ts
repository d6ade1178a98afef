/** `presync doctor`: examines the bucket that `presync serve` would use, by the same environment. */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { readEnvironment } from "../../service/environment.ts";
import type { Environment } from "../../service/settings-reader.ts";
import { PresyncError } from "../../shared/errors.ts";
import { send } from "../dev-store/conformance/client.ts";
import { examine } from "../doctor/doctor.ts";
import { reportText } from "../doctor/report.ts";
import type { DoctorArguments } from "./arguments.ts";

interface DoctorOutput {
  readonly environment: Environment;
  readonly print: (line: string) => void;
}

/** 1 where there are errors. Throws `invalid-argument` with a line for each mistake in the environment. */
export async function runDoctor(
  { store, fix, json }: DoctorArguments,
  { environment, print }: DoctorOutput,
): Promise<0 | 1> {
  const { settings, mistakes, warnings } = readEnvironment(environment);
  if (settings === undefined) throw new PresyncError("invalid-argument", mistakes.join("\n"));
  const report = await examine(
    {
      config: settings.config,
      warnings,
      fix,
      ...(store === undefined ? {} : { storeName: store }),
    },
    { send, pause, nonce: randomUUID() },
  );
  print(json ? JSON.stringify(report) : reportText(report));
  return report.counts.error > 0 ? 1 : 0;
}
