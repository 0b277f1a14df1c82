// Pushes the records of an input of any length in steps, with bounded memory: one step is on its
// way while the next one is read. The steps go one after the other, so that the order stays.
import { CommandRefusedError, OkqError } from "../../client/errors.ts";
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
  const { input, separator } = options;
  const totalBytes = await input.totalBytes();
  let step: Buffer[] = [];
  let stepBytes = 0;
  let inFlight = Promise.resolve();
  const send = () => {
    const records = step;
    [step, stepBytes] = [[], 0];
    const sent = inFlight.then(() => run.send(records));
    // Awaited before the next step is sent, and at the end.
    sent.catch(() => {});
    return sent;
  };
  for await (const record of input.records(separator)) {
    step.push(record);
    stepBytes += record.length;
    if (step.length === RECORDS_MAX || stepBytes >= STEP_BYTES) {
      await inFlight;
      inFlight = send();
    }
    options.progress(() => ({
      done: input.bytesRead,
      total: totalBytes,
      text: `${run.done.toLocaleString("en")} events`,
    }));
  }
  await inFlight;
  if (step.length > 0) await send();
  return run.duplicates;
}

class Run {
  /** Records that okq has answered. */
  done = 0;
  duplicates = 0;
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  async send(records: Buffer[]): Promise<void> {
    try {
      const ids = await this.#options.push(records);
      this.done += ids.length;
      const own = ids.filter((id) => id !== null);
      this.duplicates += ids.length - own.length;
      await this.#options.pushed(own);
    } catch (error) {
      if (!isTooLarge(error) || records.length === 1) throw await this.#explained(error, records);
      // okq takes smaller steps only (--max-event-bytes).
      const half = records.length >> 1;
      await this.send(records.slice(0, half));
      await this.send(records.slice(half));
    }
  }

  /** Tells how far it went. */
  async #explained(error: unknown, { length }: Buffer[]): Promise<unknown> {
    if (!(error instanceof OkqError)) return error;
    const { exitCode } = await failureOf(error, { address: "", isConnected: true });
    const [first, last] = [this.done + 1, this.done + length];
    const which = length === 1 ? `event ${first} was` : `events ${first} to ${last} were`;
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
