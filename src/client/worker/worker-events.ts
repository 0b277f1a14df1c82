// What a worker tells its listeners.
import type { CancelledError, LeaseLostError } from "../errors.ts";
import type { Job } from "./claim.ts";

export interface Failure<T> {
  job: Job<T>;
  /** What okq was told. */
  reason: string;
  /** What the handler threw, if it did. */
  error?: unknown;
}

export interface WorkerEvents<T = unknown> {
  /** The event goes to its handler. */
  popped: { job: Job<T> };
  /** It is acknowledged. */
  done: { job: Job<T>; result: unknown };
  /** The attempt failed, and the event comes again. */
  retried: Failure<T>;
  /** It has failed for good. */
  failed: Failure<T>;
  /** It comes again at that time, and the attempt does not count. */
  snoozed: { job: Job<T>; until: Date };
  /** The claim ended before the work did, so okq was not told how the work ended. */
  lost: { job: Job<T>; error: LeaseLostError };
  /** Somebody cancelled the event: its handler should stop. */
  cancelled: { job: Job<T>; error: CancelledError };
  /** A heartbeat was so much too late: something keeps the process from running its timers. */
  lag: { lateMs: number };
  /** okq is away, or its store is. The worker tries again and again. */
  disconnected: { error: unknown };
  connected: Record<never, never>;
  /** Anything else that went wrong: what a listener threw, a command that okq refuses. */
  problem: { error: unknown; job?: Job<T> };
}
