/** Kills a browser as a crash or an empty battery would. */
import { readdir, readFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";

const pollMs = 20;

/** Kills the one browser process on that profile, and waits until it is gone. */
export async function killBrowser(profile: string): Promise<void> {
  const pid = await browserProcess(profile);
  if (pid === undefined) throw new Error("no browser runs on this profile");
  process.kill(pid, "SIGKILL");
  while ((await browserProcess(profile)) === pid) await sleep(pollMs);
}

/** Chromium's helper processes carry a `--type=`; Firefox's do not name the profile in this way. */
async function browserProcess(profile: string): Promise<number | undefined> {
  for (const name of await readdir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const words = await commandLine(name);
    const isChromium =
      words.includes(`--user-data-dir=${profile}`) && !words.some((w) => w.startsWith("--type="));
    const isFirefox = words[words.indexOf("--profile") + 1] === profile;
    if (isChromium || isFirefox) return Number(name);
  }
  return undefined;
}

async function commandLine(pid: string): Promise<string[]> {
  try {
    return (await readFile(`/proc/${pid}/cmdline`, "utf8")).split("\0");
  } catch {
    // It has ended meanwhile.
    return [];
  }
}
