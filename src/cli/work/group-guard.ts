// Ends the commands if the worker itself is killed with SIGKILL or crashes. It is a small shell
// that reads from the worker which process groups run. When the worker is gone, however it went,
// the shell reads the end of its input, and ends the groups that are left. There is none on
// Windows, nor where there is no /bin/sh.
import type { FileSink } from "bun";

/**
 * Lines of its input: "? RUN": a command is about to start, which has that OKQ_RUN; "? ": or not.
 * "+ GROUP": it runs. "- GROUP": it has ended. A worker may be killed when a command has started
 * and before it can say so: then /proc, if there is one, tells who has that OKQ_RUN.
 */
const SCRIPT = `
trap '' HUP INT TERM
groups=
starting=
while read -r sign word; do
  if [ "$sign" = '?' ]; then
    starting=$word
    continue
  fi
  left=
  for g in $groups; do [ "$g" = "$word" ] || left="$left $g"; done
  groups=$left
  if [ "$sign" = + ]; then
    groups="$groups $word"
    starting=
  fi
done
for g in $groups; do kill -s TERM -- "-$g"; done 2>/dev/null
if [ -n "$starting" ]; then
  sleep 1
  for file in $(grep -l "OKQ_RUN=$starting" /proc/[0-9]*/environ 2>/dev/null); do
    file=\${file%/environ}
    groups="$groups \${file#/proc/}"
    kill -s TERM -- "-\${file#/proc/}" 2>/dev/null
  done
fi
seconds=$1
while [ "$seconds" -gt 0 ]; do
  left=
  for g in $groups; do kill -s 0 -- "-$g" && left=yes; done 2>/dev/null
  [ -n "$left" ] || exit 0
  seconds=$((seconds - 1))
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

  /** To be called right before a command starts. Returns the OKQ_RUN of its environment. */
  announce(): string {
    // Somebody may have killed the shell: a new one hears of all groups.
    this.start();
    const run = crypto.randomUUID();
    this.#write("?", run);
    return run;
  }

  /** The command that was announced could not be started. */
  retract(): void {
    this.#write("?", "");
  }

  /** From now on this group, of the command that was announced, ends with the worker. */
  watch(group: number): void {
    this.#groups.add(group);
    this.#write("+", group);
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

  /** The shell has it when this returns. */
  #write(sign: "?" | "+" | "-", word: string | number): void {
    void this.#attempt((input) => {
      input.write(`${sign} ${word}\n`);
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
