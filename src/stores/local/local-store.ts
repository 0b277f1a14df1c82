// The store in this process. Operations of one turn of the event loop become one batch, done in
// order at the end of the turn and answered when the journal has committed it. The effects of
// operations are in operations.ts.

import type { Cancel, Clock } from "../../queue/clock.ts";
import { StoreError } from "../../queue/errors.ts";
import { Failures } from "../../queue/failures.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { Operation, ResultOf } from "../../queue/operations.ts";
import {
  type BatchResult,
  type DueListener,
  type ReadyListener,
  type Receiver,
  Session,
  type Store,
  type StoreObserver,
} from "../../queue/store.ts";
import {
  answer,
  batchOperationsMax,
  countOfClients,
  countOfCopies,
  countWithin,
  failBatch,
  isGrowing,
  needsRoom,
  noKinds,
  readingKinds,
  type Result,
  type Submitted,
  UntoldFailures,
} from "./batch.ts";
import { copiesOf } from "./bound-queues.ts";
import { Changes } from "./changes.ts";
import { ColdEvents } from "./cold-events.ts";
import { JournalSource, SlabSource } from "./cold-source.ts";
import { type Journal, JournalError, type LoadProgress, noJournal } from "./journal.ts";
import { MemoryRelease } from "./memory-release.ts";
import { Model } from "./model.ts";
import { execute } from "./operations.ts";
import { Restorer } from "./restorer.ts";
import { CLAIMED, COMPLETED, DELAYED, FAILED, READY } from "./states.ts";

export interface LocalStoreOptions {
  /** Leases are measured with it. */
  clock: Clock;
  onReady: ReadyListener;
  /** Not needed by a process that does no ticks. */
  onDue?: DueListener;
  observer?: StoreObserver;
  /** Without a journal: events beyond so many that wait or are kept become bytes in slabs. */
  warmEventsMax?: number | undefined;
  /** From 0 to 1: spreads the times of next attempts. */
  random?: () => number;
}

export interface JournalOptions {
  /** Belongs to the store from now on, which closes it. */
  journal: Journal;
  /** About how much memory events may take before further ones stay in the journal only. */
  memoryBudgetBytes: number;
  /** Called now and then with the number of events loaded so far. */
  onProgress?: LoadProgress;
}

const movedAtOnce = 4096;
/** Few enough that a garbage collection takes hardly longer. */
const warmEventsMaxDefault = 16_384;

/**
 * Without a journal everything is in memory and lost when this process ends; with one, an answered
 * operation is as durable as the journal. All sessions share one lane: operations of all clients
 * take effect in the order of submission. onReady is called at most once per queue and batch,
 * after the results of the batch were delivered.
 */
export class LocalStore implements Store {
  readonly #model = new Model();
  readonly #memoryRelease: MemoryRelease;
  readonly #clock: Clock;
  /** How far this store's time is ahead of the clock. */
  #aheadMs = 0;
  readonly #onReady: ReadyListener;
  readonly #onDue: DueListener;
  readonly #observer: StoreObserver | null;
  /** When a tick was due after the latest batch. */
  #dueAtMs = Infinity;
  #journal = noJournal;
  /** The changes of the current batch; null without a durable journal, which records none. */
  #changes: Changes | null = null;
  /** Operations that are not in a batch yet. */
  #submitted: Submitted[] = [];
  #isScheduled = false;
  #awaited = { expected: 0, answeredAtMs: 0 };
  #isCut = false;
  /** Of a batch that waits for further operations. */
  #cancelDelay: Cancel = () => {};
  #committing: Promise<void> | null = null;
  /** When the current batch began. */
  #beganAtMs = 0;
  #isClosed = false;

  constructor({ clock, onReady, onDue = () => {}, observer, ...options }: LocalStoreOptions) {
    const { warmEventsMax = warmEventsMaxDefault, random = Math.random } = options;
    this.#model.random = random;
    const { usage } = this.#model;
    this.#model.coolBeyond(warmEventsMax, new ColdEvents(new SlabSource(usage), usage));
    this.#observer = observer ?? null;
    this.#clock = clock;
    this.#memoryRelease = new MemoryRelease(clock);
    this.#onReady = onReady;
    this.#onDue = onDue;
  }

  /** Loads everything that the journal has. Rejects with a JournalError. */
  static async open(options: LocalStoreOptions & JournalOptions): Promise<LocalStore> {
    const { journal, memoryBudgetBytes, onProgress = () => {} } = options;
    const store = new LocalStore(options);
    // Time goes on where it was: if it went back, leases would last longer.
    store.#aheadMs = Math.max(0, journal.clockMs - store.#nowMs);
    if (!journal.isDurable) return store;
    store.#journal = journal;
    const changes = new Changes();
    const model = store.#model;
    const cold = new ColdEvents(new JournalSource(journal), model.usage);
    store.#changes = changes;
    model.record({ changes, cold, heldBytesMax: memoryBudgetBytes });
    const restorer = new Restorer(model, changes, cold);
    try {
      await journal.load(restorer, onProgress);
    } catch (error) {
      journal.close();
      throw error;
    }
    await store.#tickAll();
    restorer.review();
    return store;
  }

  session(): Session {
    return new LocalSession((submitted) => this.#submit(submitted));
  }

  /** Does nothing: no other process can reach these queues. */
  async watch(): Promise<void> {}

  dueInMs(): number {
    return Math.max(0, this.#model.dueAtMs - this.#aheadMs - this.#clock.nowMs());
  }

  describe(): [string, string | number][] {
    const { usage } = this.#model;
    const { queues, cold, heldBytes } = usage;
    const facts: [string, string | number][] = [
      ["store", this.#journal.name],
      ["queues", queues],
      ["ready", usage.count(READY)],
      ["delayed", usage.count(DELAYED)],
      ["claimed", usage.count(CLAIMED)],
      ["failed", usage.count(FAILED)],
      ["completed", usage.count(COMPLETED)],
      ["content_bytes", usage.contentBytes + usage.slabContentBytes],
      ["memory_bytes", heldBytes],
    ];
    if (this.#changes === null) return facts;
    return [...facts, ["on_disk_only", cold], ...this.#journal.describe()];
  }

  async backup(file: string): Promise<void> {
    try {
      await this.#journal.backup(file);
    } catch (error) {
      throw new StoreError("refused", (error as Error).message);
    }
  }

  /** Operations submitted before are still done; later ones fail as "unavailable". */
  async close(): Promise<void> {
    const isFirst = !this.#isClosed;
    this.#isClosed = true;
    while (this.#submitted.length > 0 || this.#committing) {
      if (this.#committing) await this.#committing;
      else this.#runBatch();
    }
    this.#memoryRelease.close();
    if (isFirst) this.#journal.close();
  }

  get #nowMs(): number {
    return Math.floor(this.#clock.nowMs()) + this.#aheadMs;
  }

  #submit(submitted: Submitted): void {
    if (this.#isClosed) {
      submitted.receiver.failed(new StoreError("unavailable", "the store is closed"));
      return;
    }
    this.#submitted.push(submitted);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#committing || this.#submitted.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#submitted.length > 0 && !this.#committing) this.#runBatchInTime();
    });
  }

  #runBatchInTime(): void {
    this.#cancelDelay();
    const delayMs = this.#delayMs();
    if (delayMs > 0) this.#cancelDelay = this.#clock.after(delayMs, () => this.#schedule());
    else this.#runBatch();
  }

  #delayMs(): number {
    if (!this.#journal.commitDelayMs) return 0;
    const waiting = countOfClients(this.#submitted);
    return this.#journal.commitDelayMs({ ...this.#awaited, waiting, isCut: this.#isCut });
  }

  #runBatch(): void {
    const batch = this.#takeBatch();
    const pushRefusal = needsRoom(batch) ? this.#journal.pushRefusal() : null;
    this.#beganAtMs = this.#clock.nowMs();
    this.#attempt(batch, pushRefusal);
  }

  /** With a pushRefusal, pushes fail for that reason and the other operations are done. */
  #attempt(batch: Submitted[], pushRefusal: string | null): void {
    this.#execute(batch, pushRefusal);
    let committing: void | Promise<void>;
    try {
      if (this.#changes === null || this.#changes.isEmpty) {
        committing = this.#journal.confirm?.();
        if (committing === undefined) return this.#finish(batch, "done");
      } else committing = this.#journal.commit(this.#changes, this.#model.nowMs);
    } catch (error) {
      return this.#failed(batch, pushRefusal, error as JournalError);
    }
    if (committing === undefined) return this.#committed(batch);
    const afterCommit = (next: () => void) => {
      this.#committing = null;
      next();
      this.#schedule();
    };
    this.#committing = committing.then(
      () => afterCommit(() => this.#committed(batch)),
      (error) => afterCommit(() => this.#failed(batch, pushRefusal, error as JournalError)),
    );
  }

  #committed(batch: Submitted[], result: BatchResult = "done"): void {
    this.#model.committed();
    this.#finish(batch, result);
  }

  #failed(batch: Submitted[], pushRefusal: string | null, error: JournalError): void {
    if (error.reason === "unknown") {
      // It was written: the model and the journal agree. But it may not be on the disk.
      failBatch(batch, new StoreError("unknown", error.message), readingKinds);
      // The model is not what another okq may have made of the queues.
      if (this.#journal.confirm) failBatch(batch, unavailable(error), noKinds);
      return this.#committed(batch, "unknown");
    }
    this.#model.undo();
    this.#model.tallied.length = 0;
    if (error.reason === "full" && pushRefusal === null && needsRoom(batch)) {
      return this.#attempt(batch, error.message);
    }
    const isAway = error.reason === "unavailable";
    failBatch(
      batch,
      isAway ? unavailable(error) : new StoreError("refused", error.message),
      noKinds,
    );
    this.#finish(batch, "refused");
  }

  #finish(batch: Submitted[], result: BatchResult): void {
    this.#tellObserver(batch.length, result);
    const expected = this.#expectedAfter(batch);
    answer(batch, this.#observer, this.#model.nowMs);
    this.#awaited = { expected, answeredAtMs: this.#clock.nowMs() };
    this.#schedule();
    this.#announceReady();
    this.#announceDue();
    this.#model.cool();
    this.#memoryRelease.observe(this.#model.usage.heldBytes, batch.length);
  }

  #expectedAfter(batch: Submitted[]): number {
    if (!this.#journal.commitDelayMs) return 0;
    return countOfClients(batch) + countOfClients(this.#submitted);
  }

  #tellObserver(size: number, result: BatchResult): void {
    const { tallied } = this.#model;
    for (const what of tallied) this.#observer?.tallied?.(what, 1);
    tallied.length = 0;
    this.#observer?.batchEnded?.(size, this.#clock.nowMs() - this.#beganAtMs, result);
  }

  #takeBatch(): Submitted[] {
    const submitted = this.#submitted;
    let count = Math.min(submitted.length, batchOperationsMax);
    if (this.#changes !== null) count = countWithin(submitted, count, this.#copiesOf);
    if (this.#model.binding > 0) count = countOfCopies(submitted, count, this.#copiesOf);
    this.#isCut = count < submitted.length;
    if (this.#isCut) return submitted.splice(0, count);
    this.#submitted = [];
    return submitted;
  }

  readonly #copiesOf = (queue: Buffer): number =>
    this.#model.binding === 0 ? 0 : copiesOf(this.#model, nameOf(queue));

  #execute(batch: Submitted[], pushRefusal: string | null): void {
    this.#model.begin(this.#nowMs);
    this.#model.isFull = pushRefusal !== null;
    this.#model.reports = this.#observer?.wantsReports ? [] : null;
    const untold = new UntoldFailures();
    for (const submitted of batch) {
      submitted.outcome =
        untold.earlierFailureOf(submitted) ?? this.#outcomeOf(submitted, pushRefusal);
      if (this.#model.reports !== null) submitted.reports = this.#model.reports.splice(0);
      untold.note(submitted);
    }
    this.#model.settleSteps();
  }

  #outcomeOf({ operation }: Submitted, pushRefusal: string | null): Result | StoreError {
    const { kind } = operation;
    const reason = pushRefusal ?? (kind === "probe" ? this.#journal.recentFailure() : null);
    if (reason !== null && isGrowing(operation)) return new StoreError("refused", reason);
    try {
      return execute(this.#model, operation);
    } catch (error) {
      if (error instanceof StoreError) return error;
      const isKnown = error instanceof JournalError;
      return new StoreError("refused", isKnown ? error.message : String(error));
    }
  }

  /** Requeues events whose lease expired while okq did not run, before the first client comes. */
  async #tickAll(): Promise<void> {
    const session = this.session();
    const tick = () => session.ask({ kind: "tick", limit: movedAtOnce, parts: "all" });
    while ((await tick()).moved === movedAtOnce);
  }

  #announceReady(): void {
    for (const [name, count] of this.#model.takeBecameReady()) {
      this.#onReady(Buffer.from(name, "latin1"), count);
    }
  }

  #announceDue(): void {
    const { dueAtMs } = this.#model;
    const isEarlier = dueAtMs < this.#dueAtMs;
    this.#dueAtMs = dueAtMs;
    if (isEarlier) this.#onDue();
  }
}

function unavailable({ message }: JournalError): StoreError {
  return new StoreError("unavailable", message);
}

class LocalSession extends Session {
  readonly #onSubmit: (submitted: Submitted) => void;
  readonly #failures = new Failures();

  constructor(onSubmit: (submitted: Submitted) => void) {
    super();
    this.#onSubmit = onSubmit;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    this.#onSubmit({
      operation,
      receiver: receiver as Receiver<unknown>,
      failures: this.#failures,
      failureCount: this.#failures.count,
      outcome: undefined,
      reports: null,
    });
  }
}
