// Workers of `okq work` with their okq and Redis, and faults that hit them or their commands.
import { lasting } from "../support/eventually.ts";
import type { ListeningOkq } from "../support/okq-process.ts";
import { startWorkScript } from "../support/okq-work.ts";
import type { OkqProcess } from "../support/process.ts";
import type { RedisServer } from "../support/redis-server.ts";
import { Ledger } from "./work-watch.ts";

const LEASE_MS = 1_000;
const WORKERS = 2;
const NO_OKQ = 69;

type Random = (from: number, to: number) => number;

export interface Place {
  port: number;
  start(): Promise<ListeningOkq>;
  redis: RedisServer | null;
}

export class WorkLoad {
  readonly ledger = new Ledger();
  okq: ListeningOkq;
  readonly #place: Place;
  readonly #random: Random;
  readonly #workers: OkqProcess[] = [];
  #isEnding = false;

  constructor(place: Place, okq: ListeningOkq, random: Random) {
    this.#place = place;
    this.okq = okq;
    this.#random = random;
    for (let at = 0; at < WORKERS; at++) this.#startWorker(at);
  }

  /** What a service manager does: a worker that finds no okq at its start is started again. */
  #startWorker(at: number): void {
    const script =
      `case "$OKQ_ID" in bad*) exit 3;; esac; sleep 0.$((OKQ_ATTEMPT * 13 % 4)); sleep 0.1; ` +
      `echo "$OKQ_ID" >> ${this.ledger.file}`;
    const args = ["q", "-c", "3", "--ex", String(LEASE_MS / 1000), "--grace", "1"];
    const worker = startWorkScript(this.#place.port, args, script);
    this.#workers[at] = worker;
    void worker.exited.then((code) => {
      if (code === NO_OKQ && !this.#isEnding) this.#startWorker(at);
    });
  }

  readonly #faults: Record<string, () => Promise<void> | void> = {
    killCommand: () => {
      const pid = this.ledger.commands().at(0);
      if (pid !== undefined) signal(pid, "SIGKILL");
    },
    killGroup: () => {
      const pid = this.ledger.commands().at(-1);
      if (pid !== undefined) signal(-pid, "SIGKILL");
    },
    killWorker: async () => {
      const at = this.#random(0, WORKERS - 1);
      const worker = this.#workers[at]!;
      worker.kill("SIGKILL");
      await worker.exited;
      this.#startWorker(at);
    },
    stopWorker: async () => {
      const { pid } = this.#workers[this.#random(0, WORKERS - 1)]!;
      signal(pid, "SIGSTOP");
      await lasting(LEASE_MS * 1.5);
      signal(pid, "SIGCONT");
    },
    killOkq: async () => {
      await this.okq.crash();
      this.okq = await this.#place.start();
    },
    killRedis: async () => {
      await this.#place.redis?.kill();
      await this.#place.redis?.start();
    },
  };

  /** Its name. */
  async fault(): Promise<string> {
    const all = Object.keys(this.#faults);
    const names = all.filter((name) => this.#place.redis || name !== "killRedis");
    const name = names[this.#random(0, names.length - 1)]!;
    await this.#faults[name]!();
    await lasting(this.#random(50, 400));
    return name;
  }

  /** Ends the workers as a service manager does. Resolves to their exit codes. */
  async end(): Promise<number[]> {
    this.#isEnding = true;
    for (const worker of this.#workers) worker.kill("SIGTERM");
    return await Promise.all(this.#workers.map((worker) => worker.exited));
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has just ended.
  }
}
