// The store in this process. Operations of one turn of the event loop become one batch, done in
// order at the end of the turn. It knows nothing of what an operation does: that is operations.ts.

import { StoreError } from "../../queue/errors.ts";
import {
  type Operation,
  type ReadyListener,
  type Receiver,
  type ResultOf,
  type Results,
  Session,
  type Store,
} from "../../queue/store.ts";
import { MemoryRelease } from "./memory-release.ts";
import { Model } from "./model.ts";
import { execute } from "./operations.ts";

export interface LocalStoreOptions {
  /** The store's clock, in milliseconds. Leases are measured with it, so it should be monotonic. */
  now: () => number;
  onReady: ReadyListener;
}

/** Operations of one batch; more than that wait for the next turn, so that sockets get theirs. */
export const batchOperationsMax = 4096;

type Result = Results[Operation["kind"]];

interface Submitted {
  operation: Operation;
  receiver: Receiver<Result>;
  /** Set by execution. */
  outcome: Result | StoreError | undefined;
}

/**
 * Keeps everything in memory: what was answered is there as long as this process is. All sessions
 * share one lane, so every operation takes effect in the order of submission, whoever sent it.
 * onReady is told at most once per queue and batch, when the results of the batch are settled.
 */
export class LocalStore implements Store {
  readonly #model = new Model();
  readonly #memoryRelease = new MemoryRelease();
  readonly #now: () => number;
  readonly #onReady: ReadyListener;
  #waiting: Submitted[] = [];
  readonly #session = new LocalSession((submitted) => this.#submit(submitted));
  #isScheduled = false;
  #isClosed = false;

  constructor({ now, onReady }: LocalStoreOptions) {
    this.#now = now;
    this.#onReady = onReady;
  }

  session(): Session {
    return this.#session;
  }

  /** Nothing to do: no other process can reach these queues. */
  async watch(): Promise<void> {}

  describe(): [string, string | number][] {
    const { queues, ready, claimed, contentBytes } = this.#model.totals();
    return [
      ["store", "memory"],
      ["queues", queues],
      ["ready", ready],
      ["claimed", claimed],
      ["content_bytes", contentBytes],
    ];
  }

  /** Operations submitted before are still done; those after it are answered "unavailable". */
  async close(): Promise<void> {
    this.#isClosed = true;
    while (this.#waiting.length > 0) this.#runBatch();
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
    if (this.#isScheduled || this.#waiting.length === 0) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#runBatch();
    });
  }

  #runBatch(): void {
    const batch = this.#takeBatch();
    this.#execute(batch);
    settle(batch);
    this.#schedule();
    this.#announceReady();
    this.#memoryRelease.observe(this.#model.heldBytes);
  }

  #takeBatch(): Submitted[] {
    if (this.#waiting.length > batchOperationsMax) {
      return this.#waiting.splice(0, batchOperationsMax);
    }
    const batch = this.#waiting;
    this.#waiting = [];
    return batch;
  }

  #execute(batch: Submitted[]): void {
    this.#model.nowMs = this.#now();
    for (const submitted of batch) {
      try {
        submitted.outcome = execute(this.#model, submitted.operation);
      } catch (error) {
        submitted.outcome = new StoreError("refused", String(error));
      }
    }
  }

  #announceReady(): void {
    for (const [name, count] of this.#model.takeBecameReady()) {
      this.#onReady(Buffer.from(name, "latin1"), count);
    }
  }
}

function settle(batch: Submitted[]): void {
  for (const { outcome, receiver } of batch) {
    if (outcome instanceof StoreError) receiver.failed(outcome);
    else receiver.succeeded(outcome as Result);
  }
}

class LocalSession extends Session {
  readonly #onSubmit: (submitted: Submitted) => void;

  constructor(onSubmit: (submitted: Submitted) => void) {
    super();
    this.#onSubmit = onSubmit;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    this.#onSubmit({ operation, receiver: receiver as Receiver<unknown>, outcome: undefined });
  }
}
