// The process group of a command: the command itself and all that it has started. On Windows, which
// has none, it is the command alone.

const hasGroups = process.platform !== "win32";

/** `pid` is that of the command, which is the leader of its group. A group that is gone is ignored. */
export function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(hasGroups ? -pid : pid, signal);
  } catch (error) {
    // EPERM: what is left of the group belongs to another user.
    if (!isOneOf(error, "ESRCH", "EPERM")) throw error;
  }
}

/** Whether a process of the group is there, also one that has ended and was not waited for. */
export function isGroupAlive(pid: number): boolean {
  if (!hasGroups) return false;
  try {
    process.kill(-pid, 0);
    return true;
  } catch (error) {
    return !isOneOf(error, "ESRCH");
  }
}

function isOneOf(error: unknown, ...codes: string[]): boolean {
  return codes.includes((error as NodeJS.ErrnoException).code ?? "");
}
