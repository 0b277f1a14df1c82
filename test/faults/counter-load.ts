// Counters that count down while something fails: clients report children again and again, and
// events that are members are acknowledged. Each counter is at 0 once, and its event is there then.
import { eventually } from "../support/eventually.ts";
import { ask, type Readable } from "../support/readable.ts";
import { CLOSED, Wire } from "../support/wire.ts";

interface Options {
  /** The port of okq for a client; called for every connection. */
  port(client: number): number;
  random(from: number, to: number): number;
  /** The queue of the counters; that of the events that are members is bound to its shard. */
  queue: string;
  counters: number;
}

/** Of each counter so many children are reported, and so many are events. */
const CHILDREN = 4;
const REPORTERS = 2;
const SURPLUS = 10;
const names = Array.from({ length: CHILDREN }, (_, at) => `child ${at}`);

export class CounterLoad {
  readonly #options: Options;
  readonly #keys: string[];
  /** How often a report was answered 0, by counter. */
  readonly #zeros = new Map<string, number>();
  readonly #faults: string[] = [];
  readonly #running: Promise<void>[] = [];
  #isStopped = false;
  #steps = 0;
  /** Until the next progress the clients make so many steps, and a few more. */
  #wanted = 0;

  private constructor(options: Options) {
    this.#options = options;
    this.#keys = Array.from({ length: options.counters }, (_, at) => `counter ${at}`);
    for (let client = 0; client < REPORTERS; client++) {
      this.#running.push(this.#run(client, (wire) => this.#reportAny(wire)));
    }
    this.#running.push(this.#run(REPORTERS, (wire) => this.#work(wire)));
  }

  /** Makes the counters, and begins to count them down. */
  static async start(options: Options): Promise<CounterLoad> {
    const load = new CounterLoad({ ...options });
    const wire = await Wire.connect(options.port(0));
    const { queue } = options;
    for (const key of load.#keys) {
      const members = 2 * CHILDREN;
      await ask(wire, "QCOUNTER", "INIT", queue, key, members, "THEN", `all of ${key}`);
      const part = ["PART", queue, key, "LEASE", "1", "BACKOFF", "none"];
      await ask(wire, "QMPUSH", `${queue}@work`, ...part, "EVENTS", ...names);
    }
    wire.close();
    return load;
  }

  /** Resolves after that many more steps. */
  async progress(count: number): Promise<void> {
    this.#wanted = this.#steps + count;
    const message = `${count} more steps of counters`;
    await eventually(() => this.#steps >= this.#wanted, { timeoutMs: 30_000, message });
  }

  async close(): Promise<void> {
    this.#isStopped = true;
    await Promise.allSettled(this.#running);
  }

  /** Counts all down. Throws unless each counter was at 0 once, with its event. */
  async settle(): Promise<{ zeros: number; pushed: number }> {
    await this.close();
    const wire = await Wire.connect(this.#options.port(0));
    let pushed = 0;
    try {
      await this.#checkEach(wire);
      for (const key of this.#keys) for (const child of names) await this.#report(wire, key, child);
      await eventually(
        async () => {
          while (await this.#popAndAck(wire));
          await this.#checkEach(wire);
          return await this.#isEmpty(wire);
        },
        { timeoutMs: 30_000, message: "all counters are at 0" },
      );
      const stats = (await ask(wire, "QSTATS", this.#options.queue)) as Readable[];
      pushed = Number(stats[stats.indexOf("pushed-total") + 1]);
      await this.#checkEvents(wire);
    } finally {
      wire.close();
    }
    const doubled = [...this.#zeros].filter(([, count]) => count > 1);
    this.#faults.push(...doubled.map(([key, count]) => `${key} was at 0 ${count} times`));
    if (this.#faults.length > 0) {
      throw new Error(`${this.#faults.length}: ${this.#faults.slice(0, 5).join(", ")}`);
    }
    return { zeros: this.#zeros.size, pushed };
  }

  /** A counter is there, or its event. */
  async #checkEach(wire: Wire): Promise<void> {
    const { queue } = this.#options;
    for (const key of this.#keys) {
      const left = await ask(wire, "QCOUNTER", "GET", queue, key);
      const event = await ask(wire, "QGET", queue, key);
      if ((left === null) === (event !== null)) continue;
      this.#faults.push(`${key}: ${String(left)} left, its event is ${event ? "" : "not "}there`);
    }
  }

  async #isEmpty(wire: Wire): Promise<boolean> {
    const [, left] = (await ask(wire, "QCOUNTER", "LIST", this.#options.queue)) as Readable[];
    return (left as Readable[]).length === 0;
  }

  async #checkEvents(wire: Wire): Promise<void> {
    const joined: string[] = [];
    for (;;) {
      const pop = ["QPOP", "COUNT", "100", "NOACK", "FROM", this.#options.queue];
      const popped = (await ask(wire, ...pop)) as string[][] | null;
      if (!popped) break;
      for (const [, id, contents] of popped) {
        joined.push(id!);
        if (contents !== `all of ${id}`) this.#faults.push(`${id} has the contents ${contents}`);
      }
    }
    if (joined.toSorted().join() === this.#keys.toSorted().join()) return;
    this.#faults.push(`the events are ${joined.join()}`);
  }

  async #run(client: number, step: (wire: Wire) => Promise<void>): Promise<void> {
    while (!this.#isStopped) {
      const wire = await eventually(
        async () => this.#isStopped || (await Wire.connect(this.#options.port(client))),
        { timeoutMs: 60_000, message: "okq accepts a connection" },
      );
      if (wire === true) return;
      try {
        while (!this.#isStopped) await step(wire as Wire);
      } catch (error) {
        const { message } = error as Error;
        if (message !== CLOSED) this.#faults.push(message);
      } finally {
        (wire as Wire).close();
      }
    }
  }

  async #reportAny(wire: Wire): Promise<void> {
    await this.#untilWanted();
    const { random } = this.#options;
    const key = this.#keys[random(0, this.#keys.length - 1)]!;
    await this.#report(wire, key, names[random(0, CHILDREN - 1)]!);
  }

  async #report(wire: Wire, key: string, child: string): Promise<void> {
    const left = await ask(wire, "QCOUNTER", "DONE", this.#options.queue, key, child);
    if (left === 0) this.#zeros.set(key, (this.#zeros.get(key) ?? 0) + 1);
    if (typeof left === "number") this.#steps += 1;
  }

  async #work(wire: Wire): Promise<void> {
    await this.#untilWanted();
    if (await this.#popAndAck(wire)) this.#steps += 1;
  }

  /** Whether there was an event. */
  async #popAndAck(wire: Wire): Promise<boolean> {
    const queue = `${this.#options.queue}@work`;
    const popped = (await ask(wire, "QPOP", "FROM", queue)) as string[][] | null;
    if (!Array.isArray(popped)) return false;
    for (const [, id, , token] of popped) await ask(wire, "QACK", queue, id!, "TOKEN", token!);
    return true;
  }

  /** So that the counters last until the end of the test. */
  async #untilWanted(): Promise<void> {
    const isWanted = () => this.#isStopped || this.#steps < this.#wanted + SURPLUS;
    await eventually(isWanted, { timeoutMs: 60_000 });
  }
}
