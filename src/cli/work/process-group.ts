// The process group of a command: the command itself and all that it has started. On Windows,
// which has none, it is the command alone.
import { readdirSync, readFileSync } from "node:fs";

const hasGroups = process.platform !== "win32";

/** `pid` is that of the command, the leader of its group. A group that is gone is ignored. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(hasGroups ? -pid : pid, signal);
  } catch (error) {
    // EPERM: what is left of the group belongs to another user.
    if (!isOneOf(error, "ESRCH", "EPERM")) throw error;
  }
}

/** Whether a process of the group runs. */
export function isGroupAlive(pid: number): boolean {
  if (!hasGroups) return false;
  try {
    process.kill(-pid, 0);
  } catch (error) {
    return !isOneOf(error, "ESRCH");
  }
  return process.platform !== "linux" || hasRunningMember(pid);
}

/** Without those that have ended and that nobody has waited for, as in containers without init. */
function hasRunningMember(group: number): boolean {
  for (const name of processes()) {
    const [state, , ofGroup] = statOf(name);
    if (Number(ofGroup) === group && state !== "Z" && state !== "X") return true;
  }
  return false;
}

function processes(): string[] {
  try {
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  } catch {
    return [];
  }
}

/** State, parent, group and more, of which those before have a name that may be any text. */
function statOf(pid: string): string[] {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    return text.slice(text.lastIndexOf(")") + 2).split(" ");
  } catch {
    // It has just ended.
    return [];
  }
}

function isOneOf(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}
