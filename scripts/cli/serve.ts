/** `presync serve`: the service alone, configured by environment. */
import { readEnvironment } from "../../service/environment.ts";
import type { Environment } from "../../service/settings-reader.ts";
import type { Listening } from "../../service/node.ts";
import { listen } from "../../service/node.ts";
import { PresyncError } from "../../shared/errors.ts";

/** Throws `invalid-argument` with a line for each mistake in the environment. */
export async function startService(
  environment: Environment,
  warn: (line: string) => void,
): Promise<Listening> {
  const { settings, mistakes, warnings } = readEnvironment(environment);
  for (const warning of warnings) warn(`warning: ${warning}`);
  if (settings === undefined) throw new PresyncError("invalid-argument", mistakes.join("\n"));
  const { config, host, port } = settings;
  return listen(config, { host, port });
}
