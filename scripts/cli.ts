/** The command `presync`: this process's words, streams and signals, handed to `runCli`. */
import { packageDirectoryOf } from "./cli/package-files.ts";
import { runCli } from "./cli/run.ts";

function untilStopped(): Promise<void> {
  return new Promise((resolve) => {
    // Once each: a second Ctrl-C ends the process the hard way.
    process.once("SIGINT", () => resolve());
    process.once("SIGTERM", () => resolve());
  });
}

process.exitCode = await runCli({
  words: process.argv.slice(2),
  environment: process.env,
  packageDirectory: packageDirectoryOf(import.meta.url),
  print: (line) => process.stdout.write(`${line}\n`),
  warn: (line) => process.stderr.write(`${line}\n`),
  untilStopped,
});
