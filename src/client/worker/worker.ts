// A worker: pops events, runs a handler for each, and tells okq how that ended.
import type { Cancel, Clock } from "../../queue/clock.ts";
import { ClosedError, ConnectionError, LeaseLostError, ShutdownError } from "../errors.ts";
import type { Reply } from "../reply.ts";
import type { Session } from "../session.ts";
import type { Word } from "../words.ts";
import { Backlog } from "./backlog.ts";
import { type Claim, leaseLost, type Note } from "./claim.ts";
import { Emitter, type Listener } from "./emitter.ts";
import type { Endings } from "./endings.ts";
import { Fetcher, type Times } from "./fetcher.ts";
import type { Handling } from "./handling.ts";
import { Heartbeat } from "./heartbeat.ts";
import { Runs } from "./runs.ts";
import type { WorkerEvents } from "./worker-events.ts";
import type { Settings } from "./worker-options.ts";
import type { WorkerQueues } from "./worker-queues.ts";

/*
 *              pause                     drain
 *   paused <------------> working ----------------------> draining
 *      |       resume        |                               |
 *      |                     | close, signal                 | nothing left, close, signal
 *      |                     v                               v
 *      '----------------> closing: pops end, events without a handler are given back, handlers
 *                            |     finish; after graceMs they are aborted, and abortMs later their
 *                            |     events are given back too
 *                            v
 *                         closed
 */
type Life = "working" | "paused" | "draining" | "closing" | "closed";

/** While a draining worker has events, it looks so often for more. */
const DRAIN_WAIT_MS = 1_000;
/** Events in one QPOP. */
const POP_COUNT_MAX = 1_000;
/** So many events may always be on their way to their end. */
const ENDING_MIN = 100;

export interface CloseOptions {
  /** How long the handlers may go on before they are aborted. */
  graceMs?: number;
}

/** What a worker is made of. */
export interface WorkerParts {
  session: Session;
  settings: Settings;
  handling: Handling;
  queues: WorkerQueues;
  endings: Endings;
}

export class Worker<T = unknown> implements AsyncDisposable {
  /** Resolves when the worker is closed, for whatever reason. Never rejects. */
  readonly closed: Promise<void>;
  readonly #parts: WorkerParts;
  readonly #emitter: Emitter<WorkerEvents<T>>;
  readonly #backlog: Backlog;
  readonly #heartbeat: Heartbeat;
  readonly #runs: Runs;
  readonly #fetcher: Fetcher;
  #life: Life = "working";
  /** If the pop under way brings nothing, a draining worker is done. */
  #isLast = false;
  /** What listeners were told about okq. */
  #contact: "up" | "away" | null = null;
  #isReconnecting = false;
  #cancelFill: Cancel = () => {};
  #cancelAbort: Cancel = () => {};
  #abortAtMs = Infinity;
  #giveUp = (): void => {};
  #setClosed!: () => void;

  /** It starts at once. Use Okq.worker() and Okq.batchWorker(). */
  constructor(parts: WorkerParts) {
    this.#parts = parts;
    const { session, settings, endings, queues, handling } = parts;
    const { clock } = session;
    this.closed = new Promise((resolve) => (this.#setClosed = resolve));
    this.#emitter = new Emitter((error, name) => {
      if (name !== "problem") this.#problem(error);
    });
    this.#backlog = new Backlog(settings);
    this.#heartbeat = new Heartbeat({
      clock,
      touch: (claims) => endings.touchAll(claims),
      lost: (claim, error) => this.#lost(claim, error),
      cancelled: (claim) => this.#runs.cancelled(claim),
      late: (lateMs) => this.#emitter.emit("lag", { lateMs }),
    });
    this.#runs = new Runs({
      clock,
      settings,
      handling,
      endings,
      heartbeat: this.#heartbeat,
      emitter: this.#emitter as Emitter<WorkerEvents>,
      queues,
      changed: () => this.#changed(),
    });
    this.#fetcher = new Fetcher({
      session,
      hasRoom: () => this.#room > 0,
      waitMs: () => this.#waitMs,
      pop: (waitMs) => this.#pop(waitMs),
      arrived: (reply, times) => this.#arrived(reply, times),
      connected: () => this.#connected(),
      disconnected: (error) => this.#disconnected(error),
      failed: (error) => this.#failed(error),
    });
    session.closers.add(this.#closer);
    session.stateListeners.add(this.#stateChanged);
    settings.signal?.addEventListener("abort", this.#closer);
    // Its listeners can be added first.
    queueMicrotask(() => {
      if (settings.signal?.aborted) void this.close();
      else if (this.#life === "working" || this.#life === "draining") this.#fetcher.start();
    });
  }

  /** The number of handlers that run. */
  get running(): number {
    return this.#runs.size;
  }

  on<Name extends keyof WorkerEvents<T>>(
    name: Name,
    listener: Listener<WorkerEvents<T>[Name]>,
  ): this {
    this.#emitter.on(name, listener);
    return this;
  }

  off<Name extends keyof WorkerEvents<T>>(
    name: Name,
    listener: Listener<WorkerEvents<T>[Name]>,
  ): this {
    this.#emitter.off(name, listener);
    return this;
  }

  /**
   * Pops no more until resume(). Handlers go on. Resolves when the events without a handler are
   * given back.
   */
  async pause(): Promise<void> {
    if (this.#life !== "working" && this.#life !== "draining") return;
    this.#life = "paused";
    await this.#stopPops();
  }

  resume(): void {
    if (this.#life !== "paused") return;
    this.#life = "working";
    this.#fetcher.start();
  }

  /**
   * Works until its queues have nothing to hand out and its handlers have finished, then closes.
   * It does not wait for delayed events, nor for those of other workers.
   */
  drain(): Promise<void> {
    if (this.#life === "paused") this.resume();
    if (this.#life === "working") {
      this.#life = "draining";
      this.#fetcher.endWait();
      this.#startHandlers();
    }
    return this.closed;
  }

  /**
   * Pops no more, gives events without a handler back, and waits for the handlers; after graceMs
   * they are aborted. Resolves when okq knows what became of all events. A second call may shorten
   * the time.
   */
  close({ graceMs = this.#parts.settings.graceMs }: CloseOptions = {}): Promise<void> {
    if (this.#life === "closed") return this.closed;
    this.#abortBy(this.#clock.nowMs() + graceMs);
    if (this.#life !== "closing") {
      this.#life = "closing";
      void this.#close();
    }
    return this.closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  get #clock(): Clock {
    return this.#parts.session.clock;
  }

  readonly #closer = (): Promise<void> => this.close();

  // --- pops

  get #isPopping(): boolean {
    return this.#life === "working" || this.#life === "draining";
  }

  /** How many events to pop now. */
  get #room(): number {
    const { concurrency, size, prefetch } = this.#parts.settings;
    // Events whose ends okq does not take must not pile up.
    const isBehind = this.#runs.ending > ENDING_MIN + concurrency * size + prefetch;
    return isBehind ? 0 : Math.min(POP_COUNT_MAX, this.#backlog.room(this.#runs.size));
  }

  get #isIdle(): boolean {
    return this.#runs.held + this.#backlog.length === 0;
  }

  get #waitMs(): number {
    const { waitMs, concurrency } = this.#parts.settings;
    const isFilling = this.#backlog.length > 0 && this.#runs.size < concurrency;
    const fillMs = isFilling ? Math.max(1, this.#backlog.fillLeftMs(this.#clock.nowMs())) : waitMs;
    if (this.#life !== "draining") return Math.min(waitMs, fillMs);
    return this.#runs.held > 0 ? Math.min(waitMs, fillMs, DRAIN_WAIT_MS) : 0;
  }

  #pop(waitMs: number): Word[] {
    this.#isLast = this.#life === "draining" && this.#isIdle;
    return this.#parts.queues.pop(Math.max(1, this.#room), waitMs);
  }

  #arrived(reply: Reply, times: Times): void {
    const claims = this.#parts.queues.claimsIn(reply, times, this.#touch);
    for (const claim of claims) {
      this.#backlog.add(claim);
      this.#heartbeat.add(claim);
    }
    const isDry = claims.length === 0 && this.#life === "draining";
    this.#startHandlers(isDry);
    if (isDry && this.#isLast) void this.close();
  }

  #failed(error: unknown): void {
    if (error instanceof ClosedError) void this.close();
    else this.#problem(error);
  }

  // --- handlers

  /** Starts handlers while there are places and events. isDry: also with batches not full. */
  #startHandlers(isDry = false): void {
    const { concurrency, size } = this.#parts.settings;
    if (!this.#isPopping) return;
    this.#cancelFill();
    const nowMs = this.#clock.nowMs();
    while (this.#runs.size < concurrency) {
      const batch = this.#backlog.take(nowMs, isDry);
      if (batch) this.#runs.start(batch);
      else break;
    }
    if (size === 1 || this.#backlog.length === 0 || this.#runs.size >= concurrency) return;
    const leftMs = this.#backlog.fillLeftMs(nowMs);
    this.#cancelFill = this.#clock.after(leftMs, () => this.#startHandlers());
  }

  /** A handler has settled, or okq knows the end of an event. */
  #changed(): void {
    this.#startHandlers();
    this.#fetcher.roomChanged();
    if (this.#life === "draining" && this.#runs.held === 0) this.#fetcher.endWait();
  }

  readonly #touch = async (claim: Claim, note: Note): Promise<void> => {
    if (claim.state !== "running") throw leaseLost(claim, "the work on it is over");
    const sentAtMs = this.#clock.nowMs();
    try {
      const answer = await this.#parts.endings.touch(claim, note);
      if (claim.state !== "running") return;
      claim.leaseMs = note.leaseMs ?? claim.leaseMs;
      claim.extended(sentAtMs, claim.leaseMs);
      this.#heartbeat.add(claim);
      if (answer === 2) this.#runs.cancelled(claim);
    } catch (error) {
      if (error instanceof LeaseLostError && claim.state === "running") this.#lost(claim, error);
      throw error;
    }
  };

  #lost(claim: Claim, error: LeaseLostError): void {
    this.#heartbeat.delete(claim);
    this.#backlog.delete(claim);
    this.#runs.lost(claim, error);
    this.#fetcher.roomChanged();
  }

  #connected(): void {
    if (this.#contact === "up") return;
    this.#contact = "up";
    this.#emitter.emit("connected", {});
  }

  #disconnected(error: unknown): void {
    if (this.#contact === "away") return;
    this.#contact = "away";
    this.#emitter.emit("disconnected", { error });
  }

  /** The connection for commands is there, or an attempt has failed. A pop may not notice. */
  readonly #stateChanged = (error: unknown): void => {
    if (error === null) return this.#connected();
    if (!(error instanceof ConnectionError)) return;
    this.#disconnected(error);
    void this.#reconnect();
  };

  /** Asks for a connection, which is not made for nothing. */
  async #reconnect(): Promise<void> {
    if (this.#isReconnecting) return;
    this.#isReconnecting = true;
    await this.#parts.session.send(["PING"], { repeats: true }).catch(() => {});
    this.#isReconnecting = false;
  }

  #problem(error: unknown): void {
    this.#emitter.emit("problem", { error });
  }

  // --- the end

  /** Resolves when no event is popped any more, and those without a handler are given back. */
  async #stopPops(): Promise<void> {
    this.#cancelFill();
    await this.#fetcher.stop();
    await this.#runs.giveBack(this.#backlog.takeAll());
  }

  async #close(): Promise<void> {
    const finished = this.#stopPops().then(() => this.#runs.idle());
    await Promise.race([finished, new Promise<void>((resolve) => (this.#giveUp = resolve))]);
    this.#cancelAbort();
    this.#heartbeat.stop();
    const { session, settings } = this.#parts;
    session.closers.delete(this.#closer);
    session.stateListeners.delete(this.#stateChanged);
    settings.signal?.removeEventListener("abort", this.#closer);
    this.#life = "closed";
    this.#setClosed();
  }

  /** Aborts the handlers then, unless they are aborted earlier. */
  #abortBy(atMs: number): void {
    if (atMs >= this.#abortAtMs) return;
    this.#abortAtMs = atMs;
    this.#cancelAbort();
    const delayMs = atMs - this.#clock.nowMs();
    if (delayMs <= 0) return this.#abort();
    this.#cancelAbort = this.#clock.after(delayMs, () => this.#abort());
  }

  /** Aborts the handlers, later waits for them no more, later not even for answers of okq. */
  #abort(): void {
    const { abortMs } = this.#parts.settings;
    this.#abortAtMs = -Infinity;
    this.#runs.abort(new ShutdownError("the worker is closed"));
    this.#cancelAbort = this.#clock.after(abortMs, () => {
      this.#runs.abandon();
      this.#cancelAbort = this.#clock.after(abortMs, () => this.#giveUp());
    });
  }
}
