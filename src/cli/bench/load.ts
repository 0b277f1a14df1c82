// The load of `okq bench`: callers that push, pop and acknowledge, each one command after the
// other, several on each connection. A caller pops any event of the queue, mostly that of another
// caller.
import type { Okq } from "../../client/client.ts";
import { arrayIn, bytesIn } from "../../client/reply.ts";
import { Latencies } from "./latencies.ts";

export const steps = ["push", "pop", "ack"] as const;
export type Step = (typeof steps)[number];

export interface LoadOptions {
  connections: readonly Pick<Okq, "call">[];
  /** Callers on each connection. */
  inFlight: number;
  queue: string;
  contents: Buffer;
}

/** Of the cycles that began and ended while they were measured. */
export interface LoadFigures {
  seconds: number;
  /** Each is a push, a pop and an acknowledgement. */
  cycles: number;
  latencies: Record<Step | "cycle", Latencies>;
  /** Of failed cycles, by their message. */
  errors: Map<string, number>;
  /** Processor time of this process in that time, in seconds. */
  clientCpuSeconds: number;
  /** The delays of timers of this process: it was busy, or the system did not run it. */
  clientDelays: Latencies;
}

/** A caller whose command has failed waits so long: a dead server is not asked in a loop. */
const AFTER_ERROR_MS = 100;
/** Between two looks at how late this process is. */
const TICK_MS = 10;
/** Different messages of errors. */
const MESSAGES_MAX = 20;

export class Load {
  readonly #options: LoadOptions;
  #isStopped = false;
  #callers: Promise<void>[] = [];
  #startedMs = 0;
  #cpuAtStart = process.cpuUsage();
  #isMeasured = false;
  readonly #clientDelays = new Latencies();
  #ticker: ReturnType<typeof setInterval> | undefined;
  readonly #errors = new Map<string, number>();
  readonly #latencies = {
    push: new Latencies(),
    pop: new Latencies(),
    ack: new Latencies(),
    cycle: new Latencies(),
  };

  constructor(options: LoadOptions) {
    this.#options = options;
  }

  /** Begins, without counting. */
  start(): void {
    const { connections, inFlight } = this.#options;
    this.#callers = connections.flatMap((okq) =>
      Array.from({ length: inFlight }, () => this.#work(okq)),
    );
  }

  /** From now on cycles that begin are counted. */
  measure(): void {
    this.#isMeasured = true;
    this.#startedMs = performance.now();
    this.#cpuAtStart = process.cpuUsage();
    let dueMs = this.#startedMs + TICK_MS;
    this.#ticker = setInterval(() => {
      const now = performance.now();
      this.#clientDelays.add(Math.max(0, now - dueMs));
      dueMs = now + TICK_MS;
    }, TICK_MS);
  }

  /** Resolves when the cycles under way have ended. */
  async stop(): Promise<LoadFigures> {
    this.#isStopped = true;
    await Promise.all(this.#callers);
    clearInterval(this.#ticker);
    const { user, system } = process.cpuUsage(this.#cpuAtStart);
    return {
      seconds: this.#isMeasured ? (performance.now() - this.#startedMs) / 1000 : 0,
      cycles: this.#latencies.cycle.count,
      latencies: this.#latencies,
      errors: this.#errors,
      clientCpuSeconds: (user + system) / 1e6,
      clientDelays: this.#clientDelays,
    };
  }

  /** Never rejects. */
  async #work(okq: Pick<Okq, "call">): Promise<void> {
    while (!this.#isStopped) {
      const isMeasured = this.#isMeasured;
      try {
        // oxlint-disable-next-line no-await-in-loop -- one after the other
        const times = await this.#cycle(okq);
        if (isMeasured) this.#count(times);
      } catch (error) {
        // Those of the warm-up are of interest too.
        this.#fail((error as Error).message);
        // oxlint-disable-next-line no-await-in-loop -- the pause is wanted
        await new Promise((resolve) => setTimeout(resolve, AFTER_ERROR_MS));
      }
    }
  }

  /** The times at which its commands were sent, and the last answer came. */
  async #cycle(okq: Pick<Okq, "call">): Promise<readonly [number, number, number, number]> {
    const { queue, contents } = this.#options;
    const began = performance.now();
    await okq.call("QPUSH", queue, contents);
    const pushed = performance.now();
    const events = await okq.call("QPOP", "FROM", queue);
    const popped = performance.now();
    if (events === null) throw new Error("there was no event to pop");
    const [, id, , token] = arrayIn(arrayIn(events)[0]);
    const isAcked = await okq.call("QACK", queue, bytesIn(id), "TOKEN", bytesIn(token));
    if (isAcked !== 1) throw new Error("the claim had ended before it was acknowledged");
    return [began, pushed, popped, performance.now()];
  }

  #count([began, pushed, popped, acked]: readonly [number, number, number, number]): void {
    const { push, pop, ack, cycle } = this.#latencies;
    push.add(pushed - began);
    pop.add(popped - pushed);
    ack.add(acked - popped);
    cycle.add(acked - began);
  }

  #fail(message: string): void {
    const isKnown = this.#errors.has(message) || this.#errors.size < MESSAGES_MAX;
    const shown = isKnown ? message : "other errors";
    this.#errors.set(shown, (this.#errors.get(shown) ?? 0) + 1);
  }
}
