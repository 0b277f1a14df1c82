// Ends the commands if the worker itself is killed with SIGKILL or crashes. It is a small shell
// that reads from the worker which process groups run. When the worker is gone, however it went,
// the shell reads the end of its input, and ends the groups that are left. There is none on
// Windows, nor where there is no /bin/sh.
import type { FileSink } from "bun";

const SCRIPT = `
trap '' HUP INT TERM
groups=
while read -r sign group; do
  left=
  for g in $groups; do [ "$g" = "$group" ] || left="$left $g"; done
  groups=$left
  [ "$sign" = + ] && groups="$groups $group"
done
[ -n "$groups" ] || exit 0
for g in $groups; do kill -s TERM -- "-$g"; done 2>/dev/null
seconds=$1
while [ "$seconds" -gt 0 ]; do
  seconds=$((seconds - 1))
  left=
  for g in $groups; do kill -s 0 -- "-$g" && left=yes; done 2>/dev/null
  [ -n "$left" ] || exit 0
  sleep 1
done
for g in $groups; do kill -s KILL -- "-$g"; done 2>/dev/null
`;

export class GroupGuard {
  readonly #groups = new Set<number>();
  readonly #graceMs: number;
  #input: FileSink | null = null;

  /** `graceMs`: the time between SIGTERM and SIGKILL. */
  constructor(graceMs: number) {
    this.#graceMs = graceMs;
  }

  /** Starts the shell if it does not run; whether it could be started. */
  start(): boolean {
    if (this.#input) return true;
    if (process.platform === "win32") return false;
    try {
      const graceSeconds = String(Math.ceil(this.#graceMs / 1000));
      const shell = Bun.spawn(["/bin/sh", "-c", SCRIPT, "okq-work-guard", graceSeconds], {
        cwd: "/",
        stdin: "pipe",
        stdout: "ignore",
        stderr: "ignore",
        // The signals of the terminal and of a service manager are for the worker.
        detached: true,
      });
      this.#input = shell.stdin;
      void shell.exited.then(() => {
        if (this.#input === shell.stdin) this.#input = null;
      });
    } catch {
      return false;
    }
    for (const group of this.#groups) this.#write("+", group);
    return true;
  }

  /** From now on this group ends with the worker. */
  watch(group: number): void {
    const hasStarted = this.#input !== null;
    this.#groups.add(group);
    // Somebody may have killed the shell: a new one hears of all groups.
    if (hasStarted) this.#write("+", group);
    else this.start();
  }

  forget(group: number): void {
    this.#groups.delete(group);
    this.#write("-", group);
  }

  /** The shell ends the groups that are still watched. */
  close(): void {
    void this.#attempt((input) => input.end());
    this.#input = null;
  }

  #write(sign: "+" | "-", group: number): void {
    void this.#attempt((input) => {
      input.write(`${sign} ${group}\n`);
      return input.flush();
    });
  }

  /** A shell that has just been killed does not take it. */
  async #attempt(action: (input: FileSink) => unknown): Promise<void> {
    try {
      if (this.#input) await action(this.#input);
    } catch {
      this.#input = null;
    }
  }
}
