// The store in this process. Operations of one turn of the event loop become one batch, done in
// order at the end of the turn and answered when the journal has committed it. The effects of
// operations are in operations.ts.

import { type Clock } from "../../queue/clock.ts";
import { EarlierFailure, StoreError } from "../../queue/errors.ts";
import { Failures } from "../../queue/failures.ts";
import type { Operation, ResultOf, Results } from "../../queue/operations.ts";
import {
  type DueListener,
  type ReadyListener,
  type Receiver,
  Session,
  type Store,
  type StoreObserver,
} from "../../queue/store.ts";
import { Changes } from "./changes.ts";
import { ColdEvents } from "./cold-events.ts";
import { type Journal, JournalError, type LoadProgress, noJournal } from "./journal.ts";
import { MemoryRelease } from "./memory-release.ts";
import { Model } from "./model.ts";
import { execute } from "./operations.ts";
import { Restorer } from "./restorer.ts";

export interface LocalStoreOptions {
  /** Leases are measured with it. */
  clock: Clock;
  onReady: ReadyListener;
  /** Not needed by a process that does no ticks. */
  onDue?: DueListener;
  observer?: StoreObserver;
}

export interface JournalOptions {
  /** Belongs to the store from now on, which closes it. */
  journal: Journal;
  /** About how much memory events may take before further ones stay in the journal only. */
  memoryBudgetBytes: number;
  /** Called now and then with the number of events loaded so far. */
  onProgress?: LoadProgress;
}

/** Operations in one batch; further ones wait for the next turn, so that sockets are served. */
export const batchOperationsMax = 4096;
/** Bytes of ids and contents that one batch writes to the journal besides its first event. */
const batchBytesMax = 1024 * 1024;
const movedAtOnce = 4096;

type Result = Results[Operation["kind"]];

interface Submitted {
  operation: Operation;
  receiver: Receiver<Result>;
  /** The failures of its session, and how many they were at submission. */
  failures: Failures;
  failureCount: number;
  /** Set by execution. */
  outcome: Result | StoreError | undefined;
}

type Kinds = ReadonlySet<Operation["kind"]>;

/** The journal does not record these operations, so its failures do not affect them. */
const unrecordedKinds: Kinds = new Set(["register"]);
/** These operations need room on the disk: a journal may refuse them while all others go on. */
const growingKinds: Kinds = new Set(["push", "probe"]);
const readingKinds: Kinds = new Set(["peek", "status", "list", "ready"]);
const noKinds: Kinds = new Set();

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
  /** When a tick was due after the latest batch. */
  #dueAtMs = Infinity;
  #journal = noJournal;
  /** The changes of the current batch; null without a durable journal, which records none. */
  #changes: Changes | null = null;
  /** Operations that are not in a batch yet. */
  #submitted: Submitted[] = [];
  #isScheduled = false;
  #committing: Promise<void> | null = null;
  #isClosed = false;

  constructor({ clock, onReady, onDue = () => {} }: LocalStoreOptions) {
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
    const cold = new ColdEvents(journal, (event) => model.warmed(event));
    store.#changes = changes;
    model.record({ changes, cold, heldBytesMax: memoryBudgetBytes });
    try {
      await journal.load(new Restorer(model, changes), onProgress);
    } catch (error) {
      journal.close();
      throw error;
    }
    await store.#tickAll();
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
    const { queues, ready, claimed, contentBytes, cold, heldBytes } = this.#model.usage;
    const facts: [string, string | number][] = [
      ["store", this.#journal.name],
      ["queues", queues],
      ["ready", ready],
      ["claimed", claimed],
      ["content_bytes", contentBytes],
    ];
    if (this.#changes === null) return facts;
    return [
      ...facts,
      ["on_disk_only", cold],
      ["memory_bytes", heldBytes],
      ...this.#journal.describe(),
    ];
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
      if (this.#submitted.length > 0 && !this.#committing) this.#runBatch();
    });
  }

  #runBatch(): void {
    const batch = this.#takeBatch();
    const pushRefusal = isGrowing(batch) ? this.#journal.pushRefusal() : null;
    this.#attempt(batch, pushRefusal);
  }

  /** With a pushRefusal, pushes fail for that reason and the other operations are done. */
  #attempt(batch: Submitted[], pushRefusal: string | null): void {
    this.#execute(batch, pushRefusal);
    if (this.#changes === null || this.#changes.isEmpty) return this.#finish(batch);
    let committing: void | Promise<void>;
    try {
      committing = this.#journal.commit(this.#changes, this.#model.nowMs);
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

  #committed(batch: Submitted[]): void {
    this.#model.committed();
    this.#finish(batch);
  }

  #failed(batch: Submitted[], pushRefusal: string | null, error: JournalError): void {
    if (error.reason === "unknown") {
      // It was written: the model and the journal agree. But it may not be on the disk.
      failBatch(batch, new StoreError("unknown", error.message), readingKinds);
      return this.#committed(batch);
    }
    this.#model.undo();
    if (error.reason === "full" && pushRefusal === null && isGrowing(batch)) {
      return this.#attempt(batch, error.message);
    }
    failBatch(batch, new StoreError("refused", error.message), noKinds);
    this.#finish(batch);
  }

  #finish(batch: Submitted[]): void {
    answer(batch);
    this.#schedule();
    this.#announceReady();
    this.#announceDue();
    this.#memoryRelease.observe(this.#model.usage.heldBytes, batch.length);
  }

  #takeBatch(): Submitted[] {
    const submitted = this.#submitted;
    let count = Math.min(submitted.length, batchOperationsMax);
    if (this.#changes !== null) count = countWithin(submitted, count);
    if (count < submitted.length) return submitted.splice(0, count);
    this.#submitted = [];
    return submitted;
  }

  #execute(batch: Submitted[], pushRefusal: string | null): void {
    this.#model.begin(this.#nowMs);
    const untold = new UntoldFailures();
    for (const submitted of batch) {
      submitted.outcome =
        untold.earlierFailureOf(submitted) ?? this.#outcomeOf(submitted, pushRefusal);
      untold.note(submitted);
    }
  }

  #outcomeOf({ operation }: Submitted, pushRefusal: string | null): Result | StoreError {
    const { kind } = operation;
    const reason = pushRefusal ?? (kind === "probe" ? this.#journal.recentFailure() : null);
    if (reason !== null && growingKinds.has(kind)) return new StoreError("refused", reason);
    try {
      return execute(this.#model, operation);
    } catch (error) {
      const isKnown = error instanceof JournalError;
      return new StoreError("refused", isKnown ? error.message : String(error));
    }
  }

  /** Requeues events whose lease expired while okq did not run, before the first client comes. */
  async #tickAll(): Promise<void> {
    const session = this.session();
    const tick = () => session.ask({ kind: "tick", limit: movedAtOnce, parts: "all" });
    while ((await tick()) === movedAtOnce);
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

function isGrowing(batch: Submitted[]): boolean {
  return batch.some(({ operation }) => growingKinds.has(operation.kind));
}

/** How many of the first `count` operations fit into one batch by their bytes; at least one. */
function countWithin(submitted: Submitted[], count: number): number {
  let bytes = 0;
  for (let at = 0; at < count; at++) {
    const { operation } = submitted[at]!;
    if (operation.kind !== "push") continue;
    bytes += (operation.id?.length ?? 0) + operation.contents.length;
    if (bytes > batchBytesMax && at > 0) return at;
  }
  return count;
}

/** Fails the operations of a batch, except for those that failed already and the spared kinds. */
function failBatch(batch: Submitted[], error: StoreError, spared: Kinds): void {
  const untold = new UntoldFailures();
  for (const submitted of batch) {
    const { kind } = submitted.operation;
    if (!(submitted.outcome instanceof StoreError) && !unrecordedKinds.has(kind)) {
      if (!spared.has(kind)) submitted.outcome = error;
      else submitted.outcome = untold.earlierFailureOf(submitted) ?? submitted.outcome;
    }
    untold.note(submitted);
  }
}

/** Gives every receiver in the batch its outcome. */
function answer(batch: Submitted[]): void {
  for (const { outcome, receiver, failures } of batch) {
    if (outcome instanceof StoreError) {
      failures.add(outcome);
      receiver.failed(outcome);
    } else receiver.succeeded(outcome as Result);
  }
}

/** The failures in a batch that their sessions have not been told of yet. */
class UntoldFailures {
  readonly #errors = new Map<Failures, StoreError>();

  note({ failures, outcome }: Submitted): void {
    const isFirst = outcome instanceof StoreError && !(outcome instanceof EarlierFailure);
    if (isFirst) this.#errors.set(failures, outcome);
  }

  /** The error of an operation after a failure in this batch or an earlier one; else null. */
  earlierFailureOf({ failures, failureCount }: Submitted): StoreError | null {
    if (failures.hasNewSince(failureCount)) return failures.earlierFailure();
    const error = this.#errors.size > 0 && this.#errors.get(failures);
    return error ? new EarlierFailure(error) : null;
  }
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
    });
  }
}
