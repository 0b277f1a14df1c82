// Logs periodic work that fails: once when it begins to fail, once for each new reason, and once
// when it works again. It does not log that the store is away: the store logs that itself.
import type { Log, LogFields } from "../log/log.ts";
import type { LogLimit } from "../log/log-limit.ts";
import { StoreError } from "../queue/errors.ts";
import type { OnRound, Work } from "../queue/housekeeper.ts";

const texts: Record<Work, { fails: string; works: string }> = {
  reclaim: {
    fails: "expired claims cannot be requeued, it is tried again",
    works: "expired claims are requeued again",
  },
  register: {
    fails: "consumers cannot be counted, it is tried again",
    works: "consumers are counted again",
  },
  watch: {
    fails: "waiting consumers may be woken late, it is tried again",
    works: "waiting consumers are woken in time again",
  },
  hear: {
    fails: "messages of other okq processes are not heard, it is tried again",
    works: "messages of other okq processes are heard again",
  },
};
/** One good round may have missed the cause, so the failure is over after this time without one. */
const OVER_MS = 3_000;

export class HousekeepingLog {
  readonly #info: Log["info"];
  readonly #warn: LogLimit["warn"];
  readonly #fields: LogFields;
  readonly #nowMs: () => number;
  /** What fails, with the latest reason and when it was last met. */
  readonly #failures = new Map<Work, { reason: string; atMs: number }>();

  /** The fields go into every line. */
  constructor(log: Log, limit: LogLimit, fields: LogFields, nowMs = () => performance.now()) {
    this.#info = log.info;
    this.#warn = limit.warn;
    this.#fields = fields;
    this.#nowMs = nowMs;
  }

  readonly note: OnRound = (work, error) => {
    const failing = this.#failures.get(work);
    if (error === null) {
      if (!failing || this.#nowMs() < failing.atMs + OVER_MS) return;
      this.#failures.delete(work);
      this.#info(texts[work].works, this.#fields);
      return;
    }
    if (work !== "hear" && isAway(error)) return;
    const reason = error.message;
    this.#failures.set(work, { reason, atMs: this.#nowMs() });
    if (reason !== failing?.reason) this.#warn(texts[work].fails, { ...this.#fields, reason });
  };
}

function isAway(error: Error): boolean {
  return error instanceof StoreError && error.failure !== "refused";
}
