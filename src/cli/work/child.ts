// A command that runs for an event: a process in its own process group, with the contents on its
// stdin.
//
//   start -> runs -> has exited -> what it wrote is read -> ended
//             |
//             stop: SIGTERM to the group -> SIGKILL when the grace is over
import { ChildPipe } from "./child-pipe.ts";
import type { ExitStatus } from "./exit-verdict.ts";
import type { GroupGuard } from "./group-guard.ts";
import { LastBytes } from "./last-bytes.ts";
import { isGroupAlive, signalGroup } from "./process-group.ts";

export interface ChildPlan {
  argv: readonly string[];
  env: Record<string, string>;
  stdin: Buffer;
  /** Takes what it writes to stdout; null: it has the stdout of the worker. */
  takeOutput: ((chunk: Uint8Array) => Promise<void> | void) | null;
  /** Takes what it writes to stderr. */
  takeErrors: (chunk: Uint8Array) => Promise<void> | void;
}

export interface ChildEnd extends ExitStatus {
  /** The last that it wrote to stderr. */
  lastErrors: string;
}

const ERROR_BYTES_KEPT = 4096;
const GROUP_POLL_MS = 50;
/** A killed process that the system cannot end at once, as one in a broken disk, is left. */
const KILLED_MS_MAX = 1_000;

export class Child {
  readonly #process: Bun.Subprocess;
  readonly #guard: GroupGuard;
  readonly #abandoned = Promise.withResolvers<void>();
  #hasExited = false;
  #isStopping = false;
  /**
   * Resolves when it has exited and its output was taken, or rejects as `takeOutput` did. Processes
   * that it has left behind are not awaited.
   */
  readonly ended: Promise<ChildEnd>;

  /** Throws what the system says if the command cannot be started. */
  constructor(plan: ChildPlan, guard: GroupGuard) {
    const output = plan.takeOutput ? new ChildPipe(plan.takeOutput) : null;
    const lastErrors = new LastBytes(ERROR_BYTES_KEPT);
    const errors = new ChildPipe((chunk) => {
      lastErrors.add(chunk);
      return plan.takeErrors(chunk);
    });
    const pipes = output ? [output, errors] : [errors];
    try {
      this.#process = Bun.spawn([...plan.argv], {
        env: { ...plan.env, OKQ_RUN: guard.announce() },
        stdin: plan.stdin,
        stdout: output ? output.target : "inherit",
        stderr: errors.target,
        detached: true,
        windowsHide: true,
      });
    } catch (error) {
      guard.retract();
      for (const pipe of pipes) pipe.discard();
      throw error;
    }
    this.#guard = guard;
    guard.watch(this.pid);
    const { stdout, stderr, exited } = this.#process;
    const taken = [errors.read(stderr, exited)];
    if (output) taken.push(output.read(stdout, exited));
    this.ended = this.#end(taken, lastErrors);
    // Nobody may be looking at it when it rejects.
    this.ended.catch(() => {});
  }

  get pid(): number {
    return this.#process.pid;
  }

  /**
   * Ends the whole group: with SIGTERM, and with SIGKILL what is left of it after that time.
   * Resolves when nothing is left of it.
   */
  async stop(graceMs: number): Promise<void> {
    // Its output may wait for a reader of ours that does not read.
    const exited = this.#process.exited.then(() => this.#abandoned.resolve());
    if (this.#isStopping || this.#hasExited) return await exited;
    this.#isStopping = true;
    signalGroup(this.pid, "SIGTERM");
    await this.#gone(graceMs);
    this.kill();
    await exited;
    await this.#gone(KILLED_MS_MAX);
    this.#guard.forget(this.pid);
  }

  /** Ends the whole group at once. */
  kill(): void {
    if (!this.#isGone()) signalGroup(this.pid, "SIGKILL");
  }

  /** Waits until nothing is left of the group, at most so long. Its end is not announced. */
  async #gone(timeMs: number): Promise<void> {
    const deadlineMs = performance.now() + timeMs;
    for (;;) {
      const leftMs = deadlineMs - performance.now();
      if (this.#isGone() || leftMs <= 0) return;
      await Bun.sleep(Math.min(GROUP_POLL_MS, leftMs));
    }
  }

  #isGone(): boolean {
    return this.#hasExited && !isGroupAlive(this.pid);
  }

  async #end(taken: Promise<void>[], lastErrors: LastBytes): Promise<ChildEnd> {
    const exited = this.#process.exited.then(() => {
      this.#hasExited = true;
      if (!this.#isStopping) this.#guard.forget(this.pid);
    });
    await Promise.all([exited, Promise.race([Promise.all(taken), this.#abandoned.promise])]);
    const { exitCode: code, signalCode } = this.#process;
    const signal = signalCode === null ? null : String(signalCode);
    return { code, signal, lastErrors: lastErrors.text() };
  }
}
