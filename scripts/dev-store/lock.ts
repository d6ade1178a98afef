/**
 * One process per data directory. Each opener first writes a ticket of its own, named after its process, and only
 * then looks for others: whoever comes second must see the first, so two can never both go on (two that come at the
 * same moment may both give up, which is safe). Tickets of dead processes are removed by anyone; a ticket is never
 * replaced or renamed, so there is no moment in which taking over a stale lock could remove a live one.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const ticketPattern = /^lock-(\d+)-(\d+)-[0-9a-f-]+$/;

/** Takes the directory for this process or throws. Returns the release. */
export function lockDirectory(directory: string): () => void {
  const ticket = `lock-${process.pid}-${startTimeOf(process.pid)}-${randomUUID()}`;
  const path = join(directory, ticket);
  writeFileSync(path, "", { flag: "wx" });
  const release = (): void => removeTicket(path);
  for (const name of readdirSync(directory)) {
    const match = ticketPattern.exec(name);
    if (match === null || name === ticket) continue;
    const pid = Number(match[1]);
    if (isAlive(pid, match[2] ?? "0")) {
      release();
      throw new Error(`${directory} is in use by process ${pid}`);
    }
    removeTicket(join(directory, name));
  }
  return release;
}

function isAlive(pid: number, startTime: string): boolean {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM means there is such a process and it is someone else's.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  return startTimeOf(pid) === startTime;
}

/**
 * When a process started, in clock ticks since boot: with it, a number that the system gave to a new process is
 * not taken for the old one (in containers the same numbers come back at every start). "0" where there is no
 * /proc; then a reused number makes the directory look taken until that process ends.
 */
function startTimeOf(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The second field is the program's name in parentheses and may hold spaces; the start time is field 22.
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] ?? "0";
  } catch {
    return "0";
  }
}

function removeTicket(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}
