// Pushes the records of an input of any length in steps, with bounded memory. The steps go one
// after the other, so that the order stays.
import { CommandRefusedError, OkqError, QueueFullError } from "../../client/errors.ts";
import { CommandFailure } from "../command-failure.ts";
import { failureOf } from "../failures.ts";
import type { Input, Separator } from "../terminal/input.ts";
import { printable } from "../terminal/printable.ts";
import type { Progress } from "../terminal/progress-bar.ts";

/** What QMPUSH takes. */
const RECORDS_MAX = 1000;
/** A step has less than this and one record more. */
const STEP_BYTES = 1024 * 1024;

interface Options {
  input: Input;
  separator: Separator;
  /** Pushes records in one step; null in the place of one that was there. */
  push(records: Buffer[]): Promise<(string | null)[]>;
  /** Called with the ids of a step in order. */
  pushed(ids: string[]): Promise<void>;
  progress(progress: () => Progress): void;
}

/** Resolves to the number of records that were there already. */
export async function pushRecords(options: Options): Promise<number> {
  const run = new Run(options);
  const steps = new Steps((records) => run.send(records));
  // A refused step ends it at once, also while the input is silent.
  await Promise.race([readAll(options, run, steps), steps.failed]);
  return run.duplicates;
}

async function readAll({ input, separator, progress }: Options, run: Run, steps: Steps) {
  const total = await input.totalBytes();
  for await (const record of input.records(separator)) {
    if (record === null) steps.flush();
    else await steps.add(record);
    progress(() => ({
      done: input.bytesRead,
      total,
      text: `${run.done.toLocaleString("en")} events`,
    }));
  }
  await steps.end();
}

/**
 * Records on their way: one step is being sent while the next one is gathered. A step is sent when
 * it is full, or when nothing is being sent and the input has nothing more.
 */
class Steps {
  /** Rejects when a step fails. Never resolves. */
  readonly failed: Promise<never>;
  readonly #send: (records: Buffer[]) => Promise<void>;
  readonly #fail: (error: unknown) => void;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #sending: Promise<void> | null = null;

  constructor(send: (records: Buffer[]) => Promise<void>) {
    this.#send = send;
    const { promise, reject } = Promise.withResolvers<never>();
    this.failed = promise;
    this.#fail = reject;
  }

  async add(record: Buffer): Promise<void> {
    this.#gathered.push(record);
    this.#gatheredBytes += record.length;
    if (!this.#isFull) return;
    await this.#sending;
    this.flush();
  }

  flush(): void {
    if (this.#sending !== null || this.#gathered.length === 0) return;
    const records = this.#gathered;
    [this.#gathered, this.#gatheredBytes] = [[], 0];
    const sent = this.#send(records).then(() => {
      this.#sending = null;
      this.flush();
    });
    this.#sending = sent;
    sent.catch(this.#fail);
  }

  async end(): Promise<void> {
    for (this.flush(); this.#sending !== null;) await this.#sending;
  }

  get #isFull(): boolean {
    return this.#gathered.length >= RECORDS_MAX || this.#gatheredBytes >= STEP_BYTES;
  }
}

class Run {
  /** Records that okq has answered. */
  done = 0;
  duplicates = 0;
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The step has so many records behind these. */
  async send(records: Buffer[], behind = 0): Promise<void> {
    try {
      const ids = await this.#options.push(records);
      this.done += ids.length;
      const own = ids.filter((id) => id !== null);
      this.duplicates += ids.length - own.length;
      await this.#options.pushed(own);
    } catch (error) {
      if (records.length === 1 || !(isTooLarge(error) || isFull(error))) {
        const count = records.length + (isFull(error) ? behind : 0);
        throw await this.#explained(error, count);
      }
      // okq takes smaller steps only (--max-event-bytes), or the queue has room for some of them.
      const half = records.length >> 1;
      await this.send(records.slice(0, half), behind + records.length - half);
      await this.send(records.slice(half), behind);
    }
  }

  /** Tells how far it went. */
  async #explained(error: unknown, count: number): Promise<unknown> {
    if (!(error instanceof OkqError)) return error;
    const { exitCode } = await failureOf(error, { address: "", isConnected: true });
    const [first, last] = [this.done + 1, this.done + count];
    const which = count === 1 ? `event ${first} was` : `events ${first} to ${last} were`;
    const state =
      error.outcome === "none" ? "not pushed" : "sent and not answered, and may be there or not";
    const before = this.done === 1 ? "1 event was" : `${this.done} events were`;
    return new CommandFailure(
      `${before} pushed, ${which} ${state}; nothing behind: ${printable(error.message)}`,
      exitCode,
    );
  }
}

function isTooLarge(error: unknown): boolean {
  return error instanceof CommandRefusedError && error.message.startsWith("ERR event too large");
}

/** Not if the answer to an earlier attempt was lost: its events may be there. */
function isFull(error: unknown): boolean {
  return error instanceof QueueFullError && error.outcome === "none";
}
