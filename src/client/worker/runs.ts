// The handlers of a worker at work: starts them, aborts them, and sends the ends of their events.
import type { Clock } from "../../queue/clock.ts";
import { CancelledError, ClosedError, LeaseLostError, TimeLimitError } from "../errors.ts";
import type { Claim, Job } from "./claim.ts";
import type { Emitter } from "./emitter.ts";
import type { Became, Ending, Endings } from "./endings.ts";
import { type Handling, Thrown, type Verdict } from "./handling.ts";
import type { Heartbeat } from "./heartbeat.ts";
import { Run } from "./run.ts";
import { endingOf, errorText, failure, isGivenBack } from "./verdict-ending.ts";
import type { WorkerEvents } from "./worker-events.ts";
import type { Settings } from "./worker-options.ts";
import type { WorkerQueues } from "./worker-queues.ts";

export interface RunsOptions {
  clock: Clock;
  settings: Settings;
  handling: Handling;
  endings: Endings;
  heartbeat: Heartbeat;
  emitter: Emitter<WorkerEvents>;
  queues: WorkerQueues;
  /** A handler or an end of an event has finished. */
  changed(): void;
}

export class Runs {
  readonly #options: RunsOptions;
  /** The handlers that have not settled. Each has one of the places that concurrency allows. */
  readonly #runs = new Set<Run>();
  /** Events of which okq has to be told something yet. */
  #held = 0;
  /** Their ends are on the way. */
  #ending = 0;
  #isAbandoned = false;
  #whenIdle: (() => void)[] = [];

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#runs.size;
  }

  get held(): number {
    return this.#held;
  }

  get ending(): number {
    return this.#ending;
  }

  /** Resolves when okq knows the ends of all events and no handler runs, or all are abandoned. */
  idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#whenIdle.push(resolve);
      this.#changed();
    });
  }

  /** Starts a handler for these claims. */
  start(claims: readonly Claim[]): void {
    for (const claim of claims) claim.state = "running";
    this.#held += claims.length;
    const run = new Run(claims);
    this.#runs.add(run);
    void this.#work(run);
  }

  /** Gives claims without a handler back, uncounted. Their events are the next ones out again. */
  async giveBack(claims: readonly Claim[]): Promise<void> {
    this.#held += claims.length;
    // Each goes in front of the one before.
    const given = claims.toReversed().map((claim) => this.#end(claim, GIVEN_BACK, REDO));
    await Promise.all(given);
  }

  abort(reason: Error): void {
    for (const run of this.#latestFirst()) run.abort(reason);
  }

  /** Waits no longer for the handlers. */
  abandon(): void {
    this.#isAbandoned = true;
    for (const run of this.#latestFirst()) this.#abandon(run);
    this.#changed();
  }

  /** An event that is given back goes in front of those that were given back before it. */
  #latestFirst(): Run[] {
    return [...this.#runs].toReversed();
  }

  /** The claim of an event ended before the work on it. */
  lost(claim: Claim, error: LeaseLostError): void {
    const isRunning = claim.state === "running";
    claim.state = "lost";
    this.#abort(claim, error);
    this.#options.emitter.emit("lost", { job: claim.job, error });
    if (isRunning) this.#release();
  }

  cancelled(claim: Claim): void {
    if (claim.abortReason) return;
    const error = new CancelledError(`event ${claim.job.id} of ${claim.job.queue} was cancelled`);
    this.#abort(claim, error);
    this.#options.emitter.emit("cancelled", { job: claim.job, error });
  }

  #abort(claim: Claim, reason: Error): void {
    claim.abort(reason);
    for (const run of this.#runs) if (run.claims.includes(claim)) run.aborted(reason);
  }

  async #work(run: Run): Promise<void> {
    const { clock, handling, settings, emitter } = this.#options;
    await this.#read(run);
    if (run.claims.length > 0) {
      for (const { job } of run.claims) emitter.emit("popped", { job });
      const { timeLimitMs } = settings;
      if (timeLimitMs !== null) run.timer = clock.after(timeLimitMs, () => this.#limit(run));
      const verdicts = await handling(run);
      run.timer();
      this.#endAll(run.claims.map((claim, at) => [claim, verdicts[at]!]));
    }
    this.#runs.delete(run);
    this.#changed();
  }

  #endAll(ends: readonly (readonly [Claim, Verdict])[]): void {
    const left = ends.filter(([{ state }]) => state === "running");
    const back = left.filter((end) => isGivenBack(...end)).toReversed();
    for (const end of left) if (!isGivenBack(...end)) void this.#end(...end);
    for (const end of back) void this.#end(...end);
  }

  /** Reads the contents of all events. The handler does not get those that cannot be read. */
  async #read(run: Run): Promise<void> {
    const isFinal = this.#options.settings.onBadContents === "fail";
    for (const claim of run.claims) {
      try {
        const reading = this.#options.queues.read(claim);
        if (reading) await reading;
      } catch (error) {
        if (claim.state !== "running") continue;
        void this.#end(claim, new Thrown(error), failure(errorText(error), { isFinal }));
      }
    }
    run.claims = run.claims.filter(({ state }) => state === "running");
  }

  #limit(run: Run): void {
    const { clock, settings } = this.#options;
    run.abort(new TimeLimitError(`the time limit of ${settings.timeLimitMs} ms has passed`));
    run.timer = clock.after(settings.abortMs, () => this.#abandon(run));
  }

  /** Ends the events of a handler that does not stop. It keeps its place until it settles. */
  #abandon(run: Run): void {
    for (const claim of run.claims.toReversed()) {
      if (claim.state !== "running") continue;
      const { id, queue } = claim.job;
      const error = new Error(`the handler of event ${id} of ${queue} did not stop when asked to`);
      this.#options.emitter.emit("problem", { error, job: claim.job });
      void this.#end(claim, new Thrown(claim.abortReason));
    }
  }

  async #end(claim: Claim, verdict: Verdict, known?: Ending): Promise<void> {
    claim.state = "ending";
    this.#options.heartbeat.delete(claim);
    this.#ending += 1;
    const { queues, emitter } = this.#options;
    const problem = (error: unknown) => emitter.emit("problem", { error, job: claim.job });
    try {
      const ending = known ?? (await endingOf(claim, verdict, queues, problem));
      await this.#tell(claim, verdict, ending);
    } catch (error) {
      // okq does not take this end, or it cannot be told: the attempt has failed.
      problem(error);
      await this.#tellFailure(claim, error);
    }
    this.#ending -= 1;
    this.#release();
  }

  async #tellFailure(claim: Claim, error: unknown): Promise<void> {
    if (error instanceof ClosedError) return;
    try {
      await this.#tell(claim, new Thrown(error), failure(errorText(error)));
    } catch (again) {
      // The event comes back when its lease ends.
      this.#options.emitter.emit("problem", { error: again, job: claim.job });
    }
  }

  async #tell(claim: Claim, verdict: Verdict, ending: Ending): Promise<void> {
    try {
      const became = await this.#options.endings.end(claim, ending);
      claim.state = "ended";
      this.#announce(claim.job, verdict, ending, became);
    } catch (error) {
      if (!(error instanceof LeaseLostError)) throw error;
      this.lost(claim, error);
    }
  }

  #announce(job: Job<unknown>, verdict: Verdict, ending: Ending, became: Became): void {
    const { emitter } = this.#options;
    if (became === "done") {
      const result = "kind" in verdict && verdict.kind === "done" ? verdict.result : undefined;
      emitter.emit("done", { job, result });
    } else if (ending.kind === "redo" && ending.atMs !== null) {
      emitter.emit("snoozed", { job, until: new Date(ending.atMs) });
    } else if (ending.kind === "fail" && became !== "removed") {
      const failed = { job, reason: ending.error };
      const thrown = verdict instanceof Thrown ? { error: verdict.error } : {};
      emitter.emit(became === "failed" ? "failed" : "retried", { ...failed, ...thrown });
    }
  }

  /** okq need not be told anything of it any more. */
  #release(): void {
    this.#held -= 1;
    this.#changed();
  }

  #changed(): void {
    this.#options.changed();
    const isIdle = this.#held === 0 && (this.#runs.size === 0 || this.#isAbandoned);
    if (!isIdle) return;
    for (const resolve of this.#whenIdle.splice(0)) resolve();
  }
}

/** Ended without a handler. */
const GIVEN_BACK = new Thrown(undefined);
const REDO: Ending = { kind: "redo", atMs: null };
