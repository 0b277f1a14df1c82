// A steady load of events that are pushed, popped and acknowledged. Producers send what comes in a
// hundredth of a second in one command, and consumers take up to 1,000 events at a time.
// oxlint-disable no-await-in-loop -- a consumer does one command after the other
import { bulks, Client } from "../client.ts";

const QUEUE = "paced";
const BATCHES_PER_SECOND = 100;
const POPPED_MAX = 1000;
/** Enough for 10,000 events a second if pop and ack take a second each. */
const CONSUMERS = 30;
/** okq takes so many commands of one client at a time that one would not do. */
const PRODUCERS = 10;
const CONTENTS = "x".repeat(100);
const TOKEN_AT = 3;
/** Bulk strings of a popped event: queue, id, contents, token. */
const PARTS = 4;

export class PacedLoad {
  /** Events that were acknowledged. */
  handled = 0;
  readonly #port: number;
  readonly #perSecond: number;
  #clients: Client[] = [];
  #timer: Timer | undefined;
  #isStopped = false;
  #problem: unknown = null;

  constructor(port: number, perSecond: number) {
    this.#port = port;
    this.#perSecond = perSecond;
  }

  async start(): Promise<void> {
    for (let n = 0; n < PRODUCERS + CONSUMERS; n++) {
      this.#clients.push(await Client.connect(this.#port));
    }
    const consumers = this.#clients.slice(PRODUCERS);
    for (const consumer of consumers) this.#watch(this.#consume(consumer));
    if (this.#perSecond > 0) this.#produce(this.#clients.slice(0, PRODUCERS));
  }

  #produce(producers: Client[]): void {
    const size = Math.max(1, Math.round(this.#perSecond / BATCHES_PER_SECOND));
    const command = ["QMPUSH", QUEUE, "EVENTS", ...Array<string>(size).fill(CONTENTS)];
    const everyMs = (1000 * size) / this.#perSecond;
    const startedMs = performance.now();
    let pushed = 0;
    const push = () => this.#watch(producers[pushed++ % PRODUCERS]!.call(...command));
    const pushDue = () => {
      while (startedMs + pushed * everyMs <= performance.now()) push();
    };
    this.#timer = setInterval(pushDue, Math.min(everyMs, 10));
  }

  /** Throws if a command failed meanwhile. */
  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    for (const client of this.#clients) client.close();
    if (this.#problem !== null) throw this.#problem;
  }

  #watch(work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      if (!this.#isStopped) this.#problem ??= error;
    });
  }

  async #consume(client: Client): Promise<void> {
    while (!this.#isStopped) {
      const pop = ["QPOP", "WAIT", "5", "COUNT", `${POPPED_MAX}`, "FROM", QUEUE];
      const parts = bulks(await client.call(...pop));
      const pairs: string[] = [];
      for (let at = 0; at < parts.length; at += PARTS) {
        pairs.push(parts[at + 1]!, parts[at + TOKEN_AT]!);
      }
      if (pairs.length === 0) continue;
      await client.call("QMACK", QUEUE, ...pairs);
      this.handled += pairs.length / 2;
    }
  }
}
