// A worker of `okq work` from its start to its exit code: what ends it, and what it logs.
import { type Okq, PermissionError, type Queues, type Worker } from "../../client/client.ts";
import { exitCodes } from "../exit-codes.ts";
import { Output } from "../terminal/output.ts";
import type { Surroundings } from "./child-environment.ts";
import { EventDetailsReader } from "./event-details.ts";
import { GroupGuard } from "./group-guard.ts";
import { IdleTimer } from "./idle-timer.ts";
import { Runner, type BytesJob, untouched } from "./runner.ts";
import { StopSignals } from "./stop-signals.ts";
import { WorkLog } from "./work-log.ts";
import { type CommandEnd, logWorker } from "./worker-log.ts";
import type { WorkSettings } from "./work-options.ts";

/** The worker waits for a command that is stopped a little longer than that is given. */
const STOP_MARGIN_MS = 10_000;
/** Whoever reads the log may have stopped to read it. */
const LOG_MS_MAX = 1_000;
const FOREVER_MS = 315_360_000_000;

export class WorkSession {
  readonly #settings: WorkSettings;
  readonly #log: WorkLog;
  readonly #guard: GroupGuard;
  readonly #runner: Runner;
  readonly #worker: Worker<Buffer>;
  readonly #idle: IdleTimer;
  /** How the commands of events have ended, until okq knows it. */
  readonly #ends = new WeakMap<object, CommandEnd>();
  #begun = 0;
  #active = 0;
  #isAway = false;
  #failure: Error | null = null;

  constructor(settings: WorkSettings, okq: Okq, surroundings: Surroundings) {
    this.#settings = settings;
    const stderr = new Output(2);
    this.#log = new WorkLog(stderr, settings.json);
    this.#guard = new GroupGuard(settings.graceMs);
    this.#idle = new IdleTimer(settings.idleMs, () => this.#finish());
    this.#runner = new Runner({
      settings,
      surroundings,
      guard: this.#guard,
      details: new EventDetailsReader(okq),
      stdout: new Output(1),
      stderr,
      stop: (failure, how) => this.#fail(failure, how),
      ended: (jobs, status, ms) => {
        for (const job of jobs) this.#ends.set(job, { status, ms });
      },
    });
    this.#worker = this.#newWorker(okq);
    logWorker(this.#worker, this.#log, (job) => this.#ends.get(job));
    this.#worker.on("disconnected", () => {
      this.#isAway = true;
      this.#idle.end();
    });
    this.#worker.on("connected", () => {
      this.#isAway = false;
      this.#rest();
    });
    this.#worker.on("problem", ({ error, job }) => {
      // Popping again would be refused again.
      if (!job && error instanceof PermissionError) this.#fail(error, "finish");
    });
  }

  /** Resolves to the exit code when all events are done or given back. */
  async run(): Promise<number> {
    const signals = new StopSignals({
      finish: () => {
        const text = "waits for its commands; a second signal stops them";
        this.#log.write({ event: "finishing", ...(this.#active > 0 && { text }) });
        this.#finish();
      },
      stop: () => {
        this.#log.write({ event: "stopping" });
        this.#stopNow();
      },
      kill: () => this.#runner.kill(),
    });
    this.#log.write({ event: "started" });
    if (!this.#guard.start()) {
      this.#log.write({ event: "unguarded" });
    }
    this.#idle.begin();
    if (this.#settings.drain) void this.#worker.drain();
    await this.#worker.closed;
    this.#idle.end();
    signals.close();
    this.#guard.close();
    this.#log.write({ event: "stopped" });
    await Promise.race([this.#log.written(), Bun.sleep(LOG_MS_MAX)]);
    if (this.#failure) throw this.#failure;
    return signals.exitCode || exitCodes.done;
  }

  #newWorker(okq: Okq): Worker<Buffer> {
    const { weights, batch, max, ...settings } = this.#settings;
    const named = settings.queues.map((name) => okq.queue<Buffer>(name, { contents: "bytes" }));
    const queues: Queues<Buffer> = weights
      ? named.map((queue, index) => ({ queue, weight: weights[index]! }))
      : named;
    const options = {
      leaseMs: settings.leaseMs,
      graceMs: FOREVER_MS,
      abortMs: settings.graceMs + STOP_MARGIN_MS,
      ...(settings.timeoutMs !== null && { timeLimitMs: settings.timeoutMs }),
      ...(settings.name !== null && { name: settings.name }),
      concurrency: Math.min(settings.concurrency, batch || max === null ? Infinity : max),
    };
    if (batch === null) {
      return okq.worker(queues, (job, signal) => this.#handle(job, signal), options);
    }
    const { size, fillMs } = batch;
    return okq.batchWorker(queues, (jobs, signal) => this.#handleBatch(jobs, signal), {
      ...options,
      size,
      fillMs,
    });
  }

  async #handle(job: BytesJob, signal: AbortSignal): Promise<unknown> {
    const [admitted] = this.#admit([job]);
    if (!admitted) return untouched();
    return await this.#busy(() => this.#runner.run(job, signal));
  }

  async #handleBatch(jobs: BytesJob[], signal: AbortSignal): Promise<unknown[]> {
    const admitted = this.#admit(jobs);
    const rest = jobs.slice(admitted.length).map(untouched);
    if (admitted.length === 0) return rest;
    return [...(await this.#busy(() => this.#runner.runBatch(admitted, signal))), ...rest];
  }

  /** The first of these events, as many as --max allows. */
  #admit(jobs: BytesJob[]): BytesJob[] {
    const { max } = this.#settings;
    const admitted = jobs.slice(0, max === null ? jobs.length : max - this.#begun);
    this.#begun += admitted.length;
    if (this.#begun === max) this.#finish();
    return admitted;
  }

  async #busy<R>(work: () => Promise<R>): Promise<R> {
    this.#active += 1;
    this.#idle.end();
    try {
      return await work();
    } finally {
      this.#active -= 1;
      this.#rest();
    }
  }

  /** While okq is away no event can come, so that time does not count. */
  #rest(): void {
    if (this.#active === 0 && !this.#isAway) this.#idle.begin();
  }

  /** Pops no more, and ends when the commands have ended. */
  #finish(): void {
    this.#idle.end();
    void this.#worker.close();
  }

  /** Stops the commands and gives their events back. */
  #stopNow(): void {
    void this.#worker.close({ graceMs: 0 });
  }

  #fail(failure: Error, how: "finish" | "atOnce"): void {
    this.#failure ??= failure;
    if (how === "finish") this.#finish();
    else this.#stopNow();
  }
}
