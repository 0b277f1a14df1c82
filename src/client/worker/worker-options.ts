// The options of workers, their defaults and bounds.
import type { Job } from "./claim.ts";
import type { Middleware } from "./middleware.ts";

interface SharedOptions {
  /** Claimed ahead, beyond what the handlers work on, so that they need not wait for okq. */
  prefetch?: number;
  /** Lease of each claim. Heartbeats keep it while the worker lives. */
  leaseMs?: number;
  /** A handler is aborted after so long, and its events have failed this attempt. */
  timeLimitMs?: number;
  /** How long a pop waits for events before it is sent again. */
  waitMs?: number;
  /** As QWORKERS, QGET and QPAUSE ... WORKER name it. Default: the name of the connection. */
  name?: string;
  /** How long close() waits for handlers before it aborts them. */
  graceMs?: number;
  /** How long an aborted handler may take to stop before its events are given back, or failed. */
  abortMs?: number;
  /** What becomes of an event whose contents cannot be read: it has failed, or comes again. */
  onBadContents?: "fail" | "retry";
  /** Ends the worker as close() does. */
  signal?: AbortSignal;
}

export interface WorkerOptions<T = unknown> extends SharedOptions {
  /** Handlers at the same time. */
  concurrency?: number;
  middleware?: readonly Middleware<Job<T>>[];
}

export interface BatchWorkerOptions<T = unknown> extends SharedOptions {
  /** Batches at the same time. */
  concurrency?: number;
  /** Events of a batch, at most. */
  size?: number;
  /** A batch starts when its first event has waited so long, full or not. */
  fillMs?: number;
  middleware?: readonly Middleware<Job<T>[]>[];
}

/** With all values. A worker of single events has size 1 and fillMs 0. */
export interface Settings {
  concurrency: number;
  size: number;
  fillMs: number;
  prefetch: number;
  leaseMs: number;
  timeLimitMs: number | null;
  waitMs: number;
  name: string | null;
  graceMs: number;
  abortMs: number;
  onBadContents: "fail" | "retry";
  signal: AbortSignal | null;
}

const COUNT_MAX = 100_000;
const MS_MAX = 315_360_000_000;
/** okq takes no longer leases and waits. */
const LEASE_MS_MAX = 604_800_000;
const WAIT_MS_MAX = 86_400_000;

/** Throws a RangeError that names the option. */
export function settingsOf(
  options: SharedOptions & { size?: number; fillMs?: number; concurrency?: number },
): Settings {
  const settings: Settings = {
    concurrency: options.concurrency ?? 1,
    size: options.size ?? 1,
    fillMs: options.fillMs ?? 0,
    prefetch: options.prefetch ?? 0,
    leaseMs: options.leaseMs ?? 30_000,
    timeLimitMs: options.timeLimitMs ?? null,
    waitMs: options.waitMs ?? 30_000,
    name: options.name ?? null,
    graceMs: options.graceMs ?? 10_000,
    abortMs: options.abortMs ?? 5_000,
    onBadContents: options.onBadContents ?? "fail",
    signal: options.signal ?? null,
  };
  for (const name of ["concurrency", "size"] as const) check(name, settings[name], 1, COUNT_MAX);
  check("prefetch", settings.prefetch, 0, COUNT_MAX);
  check("leaseMs", settings.leaseMs, 1, LEASE_MS_MAX);
  check("waitMs", settings.waitMs, 1, WAIT_MS_MAX);
  for (const name of ["fillMs", "graceMs", "abortMs"] as const)
    check(name, settings[name], 0, MS_MAX);
  if (settings.timeLimitMs !== null) check("timeLimitMs", settings.timeLimitMs, 1, MS_MAX);
  return settings;
}

function check(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw new RangeError(`${name} must be a whole number from ${min} to ${max}, got ${value}`);
}
