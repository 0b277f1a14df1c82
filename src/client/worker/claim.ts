// An event that this worker has claimed: what its handler sees of it (Job), and its lease.
import { LeaseLostError } from "../errors.ts";
import type { Event } from "../event.ts";

/*
 *                 room for it                    handler settled
 *   buffered ------------------> running -----------------------> ending ----> ended
 *      |                            |                               |
 *      | close, pause               | lease over or lost            | lease over, answer 0
 *      v                            v                               v
 *   ended (given back)           lost: the handler goes on,       lost
 *                                but nothing is said about it
 */
type State = "buffered" | "running" | "ending" | "ended" | "lost";

/** A claimed event, as a handler gets it. */
export interface Job<T> extends Event<T> {
  /**
   * Aborts when the handler should stop, with the reason: LeaseLostError, CancelledError,
   * TimeLimitError or ShutdownError.
   */
  readonly signal: AbortSignal;
  /** Shown by QGET: text as it is, other values as JSON, up to 4096 bytes. */
  progress(value: unknown): Promise<void>;
  /** Adds a line to the log of the event, as QGET shows it. */
  log(line: string): Promise<void>;
  /**
   * Makes the lease last so long from now, else as long as before; the heartbeats keep that.
   * Seldom needed: the worker sends heartbeats by itself.
   */
  touch(leaseMs?: number): Promise<void>;
}

/** What a job tells okq besides that its consumer is there. */
export interface Note {
  leaseMs?: number;
  progress?: string;
  log?: string;
}

/** QTOUCH. Rejects if the claim is lost. */
export type Touch = (claim: Claim, note: Note) => Promise<void>;

export class Claim<T = unknown> {
  readonly job: Job<T>;
  readonly arrivedAtMs: number;
  state: State = "buffered";
  leaseMs: number;
  /**
   * By our clock. It is counted from when the last answered touch was sent, so the lease lasts at
   * least until then. Before the first touch it is counted from the arrival of the event: a pop may
   * have waited for long. The claim is older by the time of its way here, so the first touch is
   * sent early (touchAtMs is counted from when the pop was sent).
   */
  leaseEndsAtMs: number;
  /** When its next heartbeat is due. Infinity: one is under way. */
  touchAtMs: number;
  #controller: AbortController | null = null;
  #reason: Error | null = null;

  constructor(
    event: Event<T>,
    lease: { leaseMs: number; sentAtMs: number; receivedAtMs: number },
    touch: Touch,
  ) {
    this.arrivedAtMs = lease.receivedAtMs;
    this.leaseMs = lease.leaseMs;
    this.leaseEndsAtMs = lease.receivedAtMs + lease.leaseMs;
    // A pop may have waited, or its reply may have been late: then this is due at once.
    this.touchAtMs = lease.sentAtMs + lease.leaseMs / 2;
    this.job = new ClaimedEvent(event, this, touch);
  }

  get signal(): AbortSignal {
    if (!this.#controller) {
      this.#controller = new AbortController();
      if (this.#reason) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  /** Why the handler should stop, if it should. */
  get abortReason(): Error | null {
    return this.#reason;
  }

  /** The first reason stays. */
  abort(reason: Error): void {
    if (this.#reason) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
  }

  /** A touch that was sent then, for that lease, was answered. */
  extended(sentAtMs: number, leaseMs: number): void {
    this.leaseEndsAtMs = sentAtMs + leaseMs;
    this.touchAtMs = sentAtMs + leaseMs / 2;
  }
}

export function leaseLost({ job }: Claim, why: string): LeaseLostError {
  return new LeaseLostError(
    `event ${job.id} of ${job.queue} is not this worker's any more: ${why}`,
  );
}

class ClaimedEvent<T> implements Job<T> {
  readonly queue: string;
  readonly id: string;
  readonly contents: T;
  readonly token: string;
  readonly attempt: number;
  readonly headers: Record<string, string>;
  readonly bytes: Buffer;
  readonly #claim: Claim;
  readonly #touch: Touch;

  constructor(event: Event<T>, claim: Claim, touch: Touch) {
    this.queue = event.queue;
    this.id = event.id;
    this.contents = event.contents;
    this.token = event.token;
    this.attempt = event.attempt;
    this.headers = event.headers;
    this.bytes = event.bytes;
    this.#claim = claim;
    this.#touch = touch;
  }

  get signal(): AbortSignal {
    return this.#claim.signal;
  }

  progress(value: unknown): Promise<void> {
    return this.#tell(() => ({
      progress: typeof value === "string" ? value : JSON.stringify(value),
    }));
  }

  log(line: string): Promise<void> {
    return this.#tell(() => ({ log: line }));
  }

  touch(leaseMs?: number): Promise<void> {
    return this.#tell(() => (leaseMs === undefined ? {} : { leaseMs }));
  }

  #tell(note: () => Note): Promise<void> {
    const told = (async () => this.#touch(this.#claim, note()))();
    // A handler need not wait for it.
    told.catch(() => {});
    return told;
  }
}
