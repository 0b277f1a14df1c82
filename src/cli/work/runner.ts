// Runs the command for an event or a batch, and turns its end into the outcome of the events.
import type { Job, Outcome } from "../../client/client.ts";
import { done, fail, retry, snooze, TimeLimitError } from "../../client/client.ts";
import { CommandFailure } from "../command-failure.ts";
import { batchEnvironment, childEnvironment, type Surroundings } from "./child-environment.ts";
import { Child, type ChildEnd } from "./child.ts";
import { asArgument, batchItem, type ChildInput, onStdin, UnfitContents } from "./child-input.ts";
import { ChildOutput, type OutputSink } from "./child-output.ts";
import type { EventDetailsReader } from "./event-details.ts";
import { type CommandEnd, errorText, statusText, verdictOf } from "./exit-verdict.ts";
import type { GroupGuard } from "./group-guard.ts";
import type { WorkSettings } from "./work-options.ts";

export type BytesJob = Job<Buffer>;

export interface RunnerOptions {
  settings: WorkSettings;
  surroundings: Surroundings;
  guard: GroupGuard;
  details: EventDetailsReader;
  stdout: OutputSink;
  stderr: OutputSink;
  /** The worker must stop: finishing what it has begun, or at once. */
  stop(failure: Error, how: "finish" | "atOnce"): void;
  /** How a command has ended, for the log. */
  ended(jobs: readonly BytesJob[], end: CommandEnd): void;
}

/** If a command with shorter arguments is too large for the system, no event is to blame. */
const SMALL_BYTES = 4096;

type Environment = (options: { headers: boolean }) => Record<string, string>;

export class Runner {
  readonly #options: RunnerOptions;
  readonly #children = new Set<Child>();
  #batches = 0;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Kills all commands that run. */
  kill(): void {
    for (const child of this.#children) child.kill();
  }

  /** Rejects with the reason of the signal if that has aborted, unless it is the time limit. */
  async run(job: BytesJob, signal: AbortSignal): Promise<Outcome> {
    const { settings, surroundings, details } = this.#options;
    const { queue, id, attempt, token, headers } = job;
    let input: ChildInput;
    try {
      const { command } = settings;
      input = settings.asArgument ? asArgument(command, job.bytes) : onStdin(command, job.bytes);
    } catch (error) {
      return unfit(error);
    }
    const facts = {
      queue,
      id,
      attempt,
      token,
      headers,
      ...(await details.read(queue, id)),
      deadlineMs: this.#deadlineMs(),
    };
    const environment: Environment = (options) => childEnvironment(surroundings, facts, options);
    return await this.#outcome([job], input, environment, signal);
  }

  /** An outcome for each event. Rejects as run() does. */
  async runBatch(jobs: readonly BytesJob[], signal: AbortSignal): Promise<Outcome[]> {
    const { settings, surroundings } = this.#options;
    const outcomes = new Map<BytesJob, Outcome>();
    const items: Buffer[] = [];
    for (const job of jobs) {
      try {
        items.push(batchItem(job.bytes, settings.batch!.end));
      } catch (error) {
        outcomes.set(job, unfit(error));
      }
    }
    const fitting = jobs.filter((job) => !outcomes.has(job));
    if (fitting.length > 0) {
      const environment = () =>
        batchEnvironment(surroundings, {
          queues: [...new Set(fitting.map(({ queue }) => queue))],
          count: fitting.length,
          deadlineMs: this.#deadlineMs(),
        });
      const input = onStdin(settings.command, Buffer.concat(items));
      const outcome = await this.#outcome(fitting, input, environment, signal);
      for (const job of fitting) outcomes.set(job, outcome);
    }
    return jobs.map((job) => outcomes.get(job)!);
  }

  #deadlineMs(): number {
    const { timeoutMs, leaseMs } = this.#options.settings;
    return Date.now() + (timeoutMs ?? leaseMs);
  }

  async #outcome(
    jobs: readonly BytesJob[],
    input: ChildInput,
    environment: Environment,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { ended, stop } = this.#options;
    const output = this.#output(jobs);
    const passed = timeLimitOf(signal);
    if (passed !== null) return retry(undefined, passed);
    const sinceMs = performance.now();
    const child = this.#start(input, environment, output);
    if (!(child instanceof Child)) return child;
    let end: ChildEnd;
    try {
      end = await this.#end(child, signal);
      await output.end();
    } catch (error) {
      // What it has written is lost, so it is not done.
      stop(error as Error, "atOnce");
      return untouched();
    } finally {
      this.#children.delete(child);
    }
    const limit = timeLimitOf(signal);
    const reason = limit ?? statusText(end);
    ended(jobs, { status: end, reason, ms: performance.now() - sinceMs });
    const text = errorText(reason, end.lastErrors);
    return limit === null ? this.#meaning(end, text, output) : retry(undefined, text);
  }

  /** Resolves when it has ended, by itself or because the signal has stopped it. */
  async #end(child: Child, signal: AbortSignal): Promise<ChildEnd> {
    const { graceMs } = this.#options.settings;
    let stopped: Promise<void> | null = null;
    const stopChild = () => (stopped ??= child.stop(graceMs));
    signal.addEventListener("abort", stopChild);
    try {
      if (signal.aborted) void stopChild();
      return await child.ended;
    } catch (error) {
      await stopChild();
      throw error;
    } finally {
      signal.removeEventListener("abort", stopChild);
      // Also what is left of its group, before anybody else gets the event.
      await stopped;
    }
  }

  #meaning(end: ChildEnd, text: string, output: ChildOutput): Outcome {
    const { settings } = this.#options;
    switch (verdictOf(end)) {
      case "done":
        return settings.keepResult ? done(output.result()) : done();
      case "failed":
        return retry(undefined, text);
      case "later":
        return retry(settings.retryAfterMs ?? undefined, text);
      case "final":
        return fail(text);
      case "unrunnable":
        return this.#unrunnable(statusText(end));
    }
  }

  /** The command, or the outcome if it cannot be started. */
  #start(input: ChildInput, environment: Environment, output: ChildOutput): Child | Outcome {
    const { settings, guard } = this.#options;
    const start = (headers: boolean) => {
      const child = new Child(
        {
          ...input,
          env: environment({ headers }),
          takeOutput: output.isPiped ? (chunk) => output.takeOutput(chunk) : null,
          takeErrors: (chunk) => output.takeErrors(chunk),
        },
        guard,
      );
      this.#children.add(child);
      return child;
    };
    try {
      try {
        return start(true);
      } catch (error) {
        // The headers may be what is too much for the system.
        if (!isTooBig(error)) throw error;
        return start(false);
      }
    } catch (error) {
      const argumentBytes = Buffer.byteLength(input.argv.join(""));
      const isOfEvent = settings.asArgument && argumentBytes > SMALL_BYTES;
      if (isOfEvent && isTooBig(error)) {
        return fail("the contents and the environment are too large for the system");
      }
      return this.#unrunnable((error as Error).message);
    }
  }

  #unrunnable(reason: string): Outcome {
    const [program] = this.#options.settings.command;
    const message = `cannot run ${JSON.stringify(program)}: ${reason}`;
    this.#options.stop(new CommandFailure(message), "finish");
    return untouched();
  }

  #output(jobs: readonly BytesJob[]): ChildOutput {
    const { settings, stdout, stderr } = this.#options;
    const [job] = jobs;
    this.#batches += 1;
    const mark = settings.batch ? `batch ${this.#batches}` : job!.id;
    return new ChildOutput({
      stdout,
      stderr,
      mark: settings.prefix ? mark : null,
      keepsResult: settings.keepResult,
    });
  }
}

/** The event is ready again at once, and the attempt does not count. 0 is past by any clock. */
export function untouched(): Outcome {
  return snooze(new Date(0));
}

/** The message of a time limit that has passed, or null. Throws any other reason of the signal. */
function timeLimitOf(signal: AbortSignal): string | null {
  if (signal.reason instanceof TimeLimitError) return signal.reason.message;
  signal.throwIfAborted();
  return null;
}

/** The event cannot be handled in this way, however often it comes. */
function unfit(error: unknown): Outcome {
  if (error instanceof UnfitContents) return fail(error.message);
  throw error;
}

function isTooBig(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "E2BIG";
}
