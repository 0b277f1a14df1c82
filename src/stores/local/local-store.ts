// The store in this process. Operations of one turn of the event loop become one batch, done in
// order at the end of the turn and answered when the journal has committed it. The
// effects of operations are in operations.ts.

import { type Clock } from "../../queue/clock.ts";
import { EarlierFailure, StoreError } from "../../queue/errors.ts";
import { Failures } from "../../queue/failures.ts";
import {
  type Operation,
  type ReadyListener,
  type Receiver,
  type ResultOf,
  type Results,
  Session,
  type Store,
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
const reclaimedAtOnce = 4096;

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

/** The journal does not record these operations, so its failures do not affect them. */
const unrecorded: ReadonlySet<Operation["kind"]> = new Set(["register"]);
/** Operations that need room: a journal may refuse them while all others go on. */
const growths: ReadonlySet<Operation["kind"]> = new Set(["push", "probe"]);
const reads: ReadonlySet<Operation["kind"]> = new Set(["peek", "status", "list", "ready"]);
const NONE: ReadonlySet<Operation["kind"]> = new Set();

/**
 * Without a journal everything is in memory and gone with this process; with one, an answered
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
  #journal = noJournal;
  #changes: Changes | null = null;
  #waiting: Submitted[] = [];
  #isScheduled = false;
  #committing: Promise<void> | null = null;
  #isClosed = false;

  constructor({ clock, onReady }: LocalStoreOptions) {
    this.#clock = clock;
    this.#memoryRelease = new MemoryRelease(clock);
    this.#onReady = onReady;
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
    await store.#reclaimAll();
    return store;
  }

  session(): Session {
    return new LocalSession((submitted) => this.#submit(submitted));
  }

  /** Does nothing: no other process can reach these queues. */
  async watch(): Promise<void> {}

  isDue(): boolean {
    return this.#model.isDueAt(this.#nowMs);
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
    if (!this.#journal.isDurable) return facts;
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
    while (this.#waiting.length > 0 || this.#committing) {
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
    this.#waiting.push(submitted);
    this.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled || this.#committing || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      if (this.#waiting.length > 0 && !this.#committing) this.#runBatch();
    });
  }

  #runBatch(): void {
    const batch = this.#takeBatch();
    const refusal = this.#refusalFor(batch);
    this.#attempt(batch, refusal);
  }

  /** With a refusal, pushes fail with it and the other operations are done. */
  #attempt(batch: Submitted[], refusal: string | null): void {
    this.#execute(batch, refusal);
    if (this.#changes === null || this.#changes.isEmpty) return this.#finish(batch);
    let committing: void | Promise<void>;
    try {
      committing = this.#journal.commit(this.#changes, this.#model.nowMs);
    } catch (error) {
      return this.#failed(batch, refusal, error as JournalError);
    }
    if (committing === undefined) return this.#committed(batch);
    const settled = (next: () => void) => {
      this.#committing = null;
      next();
      this.#schedule();
    };
    this.#committing = committing.then(
      () => settled(() => this.#committed(batch)),
      (error) => settled(() => this.#failed(batch, refusal, error as JournalError)),
    );
  }

  #committed(batch: Submitted[]): void {
    this.#model.committed();
    this.#finish(batch);
  }

  #failed(batch: Submitted[], refusal: string | null, error: JournalError): void {
    if (error.reason === "unknown") {
      // It was written: the model and the journal agree. Only the disk may not have it.
      blame(batch, new StoreError("unknown", error.message), reads);
      return this.#committed(batch);
    }
    this.#model.undo();
    if (error.reason === "full" && refusal === null && growsBy(batch)) {
      return this.#attempt(batch, error.message);
    }
    blame(batch, new StoreError("refused", error.message), NONE);
    this.#finish(batch);
  }

  #finish(batch: Submitted[]): void {
    settle(batch);
    this.#schedule();
    this.#announceReady();
    this.#memoryRelease.observe(this.#model.usage.heldBytes, batch.length);
  }

  #takeBatch(): Submitted[] {
    const waiting = this.#waiting;
    let count = Math.min(waiting.length, batchOperationsMax);
    if (this.#changes !== null) count = countWithin(waiting, count);
    if (count < waiting.length) return waiting.splice(0, count);
    this.#waiting = [];
    return waiting;
  }

  #refusalFor(batch: Submitted[]): string | null {
    return growsBy(batch) ? this.#journal.pushRefusal() : null;
  }

  #execute(batch: Submitted[], refusal: string | null): void {
    this.#model.begin(this.#nowMs);
    const failed = new Failed();
    for (const submitted of batch) {
      submitted.outcome = failed.earlierFailureOf(submitted) ?? this.#outcomeOf(submitted, refusal);
      failed.note(submitted);
    }
  }

  #outcomeOf({ operation }: Submitted, refusal: string | null): Result | StoreError {
    const isProbe = operation.kind === "probe";
    const reason = refusal ?? (isProbe ? this.#journal.recentFailure() : null);
    if (reason !== null && growths.has(operation.kind)) return new StoreError("refused", reason);
    try {
      return execute(this.#model, operation);
    } catch (error) {
      const isKnown = error instanceof JournalError;
      return new StoreError("refused", isKnown ? error.message : String(error));
    }
  }

  /** Leases that expired while okq did not run are ended before the first client comes. */
  async #reclaimAll(): Promise<void> {
    const session = this.session();
    const reclaim = () => session.ask({ kind: "reclaim", limit: reclaimedAtOnce, parts: "all" });
    while ((await reclaim()) === reclaimedAtOnce);
  }

  #announceReady(): void {
    for (const [name, count] of this.#model.takeBecameReady()) {
      this.#onReady(Buffer.from(name, "latin1"), count);
    }
  }
}

function growsBy(batch: Submitted[]): boolean {
  return batch.some(({ operation }) => growths.has(operation.kind));
}

/** How many of the first `count` operations one commit should take, by their bytes. */
function countWithin(waiting: Submitted[], count: number): number {
  let bytes = 0;
  for (let at = 0; at < count; at++) {
    const { operation } = waiting[at]!;
    if (operation.kind !== "push") continue;
    bytes += operation.id.length + (operation.contents?.length ?? 0);
    if (bytes > batchBytesMax && at > 0) return at;
  }
  return count;
}

/** Fails the operations of a batch, except for those that failed already and the spared kinds. */
function blame(batch: Submitted[], error: StoreError, spared: ReadonlySet<string>): void {
  const failed = new Failed();
  for (const submitted of batch) {
    const { kind } = submitted.operation;
    if (!(submitted.outcome instanceof StoreError) && !unrecorded.has(kind)) {
      if (!spared.has(kind)) submitted.outcome = error;
      else submitted.outcome = failed.earlierFailureOf(submitted) ?? submitted.outcome;
    }
    failed.note(submitted);
  }
}

function settle(batch: Submitted[]): void {
  for (const { outcome, receiver, failures } of batch) {
    if (outcome instanceof StoreError) {
      failures.add(outcome);
      receiver.failed(outcome);
    } else receiver.succeeded(outcome as Result);
  }
}

/** The failures in a batch that their sessions have not been told of yet. */
class Failed {
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
