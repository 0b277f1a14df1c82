// Logs failures of periodic work: once when they begin, once for each new reason, and once when the
// work succeeds again. A store that cannot be reached is logged by the store itself.
import type { Log, LogFields } from "../log/log.ts";
import type { LogLimit } from "../log/log-limit.ts";
import { quoteForError } from "../resp/reply.ts";
import type { Clock } from "../queue/clock.ts";
import type { OnSkipped } from "../queue/cron-runner.ts";
import { StoreError } from "../queue/errors.ts";
import type { OnRound, Work } from "../queue/housekeeper.ts";

const texts: Record<Work, { fails: string; works: string }> = {
  tick: {
    fails: "cannot requeue expired claims, okq tries again",
    works: "expired claims are requeued again",
  },
  cron: {
    fails: "cannot push the events of cron entries, okq tries again",
    works: "the events of cron entries are pushed again",
  },
  register: {
    fails: "cannot count consumers, okq tries again",
    works: "consumers are counted again",
  },
  watch: {
    fails: "consumers may wake late, okq tries again",
    works: "consumers wake in time again",
  },
  count: {
    fails: "the figures of queues are late, okq tries again",
    works: "the figures of queues are up to date again",
  },
  hear: {
    fails: "cannot receive messages of other okq processes, okq tries again",
    works: "messages of other okq processes arrive again",
  },
};
/** A single success may be chance: a failure counts as over after this time without another. */
const OVER_MS = 3_000;

export class HousekeepingLog {
  readonly #info: Log["info"];
  readonly #warn: LogLimit["warn"];
  readonly #fields: LogFields;
  readonly #clock: Clock;
  /** The work that fails, with the latest reason and time of a failure. */
  readonly #failures = new Map<Work, { reason: string; atMs: number }>();

  /** The fields are added to every line. */
  constructor(log: Log, limit: LogLimit, fields: LogFields, clock: Clock) {
    this.#info = log.info;
    this.#warn = limit.warn;
    this.#fields = fields;
    this.#clock = clock;
  }

  readonly note: OnRound = (work, error) => {
    const failing = this.#failures.get(work);
    if (error === null) {
      if (!failing || this.#clock.nowMs() < failing.atMs + OVER_MS) return;
      this.#failures.delete(work);
      this.#info(texts[work].works, this.#fields);
      return;
    }
    if (work !== "hear" && isAway(error)) return;
    const reason = error.message;
    this.#failures.set(work, { reason, atMs: this.#clock.nowMs() });
    if (reason !== failing?.reason) this.#warn(texts[work].fails, { ...this.#fields, reason });
  };
}

/** Logs turns of cron entries that were skipped. */
export function skippedLog({ warn }: LogLimit): OnSkipped {
  return ({ queue, name }, reason) =>
    warn("skipped a turn of a cron entry", {
      queue: quoteForError(queue),
      name: quoteForError(name),
      reason,
    });
}

function isAway(error: Error): boolean {
  return error instanceof StoreError && error.failure !== "refused";
}
