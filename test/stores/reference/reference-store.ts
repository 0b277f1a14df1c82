// The reference store: the contract of a store in its plainest form, in memory. The other stores
// are compared with it. A change of the contract begins here.
import type { Clock } from "../../../src/queue/clock.ts";
import { StoreError } from "../../../src/queue/errors.ts";
import { Failures } from "../../../src/queue/failures.ts";
import type { Operation, ResultOf } from "../../../src/queue/operations.ts";
import {
  type DueListener,
  type ReadyListener,
  type StoreObserver,
  type Receiver,
  Session,
  type Store,
} from "../../../src/queue/store.ts";
import { tellDone } from "../../../src/queue/transaction.ts";
import { operations, type Operations } from "./reference-operations.ts";
import { ReferenceState } from "./reference-state.ts";

interface ReferenceOptions {
  clock: Clock;
  onReady: ReadyListener;
  onDue?: DueListener;
  observer?: StoreObserver;
  /** Other ways to do some operations, but not in transactions: to see that a test notices. */
  wrong?: Partial<Operations> | undefined;
}

export class ReferenceStore implements Store {
  readonly #observer: StoreObserver | undefined;
  readonly #clock: Clock;
  readonly #state: ReferenceState;
  readonly #onDue: DueListener | null;
  readonly #operations: Operations;
  readonly #submitted: (() => void)[] = [];
  /** When something was to be done, after the latest operations. */
  #dueAtMs = Infinity;

  constructor({ clock, onReady, onDue, observer, wrong }: ReferenceOptions) {
    this.#operations = { ...operations, ...wrong };
    this.#observer = observer;
    this.#clock = clock;
    this.#onDue = onDue ?? null;
    this.#state = new ReferenceState(
      (queue, count) => onReady(Buffer.from(queue, "latin1"), count),
      (report) => observer?.wantsReports && observer.reported?.(report),
    );
  }

  session(): Session {
    const onDone = (operation: Operation, result: unknown) =>
      this.#observer && tellDone(this.#observer, operation, result, this.#state.nowMs);
    const execute = (operation: Operation) =>
      this.#operations[operation.kind](this.#state, operation as never);
    return new ReferenceSession(this.#state, { execute, onDone }, (run) => this.#submit(run));
  }

  async watch(): Promise<void> {}

  dueInMs(): number {
    return Math.max(0, this.#state.dueAtMs - this.#clock.nowMs());
  }

  describe(): [string, string | number][] {
    return [["store", "reference"]];
  }

  async close(): Promise<void> {
    this.#runAll();
  }

  #submit(run: () => void): void {
    if (this.#submitted.push(run) === 1) setImmediate(() => this.#runAll());
  }

  #runAll(): void {
    this.#state.nowMs = this.#clock.nowMs();
    for (const run of this.#submitted.splice(0)) run();
    this.#state.settle();
    this.#state.settleTallied();
    if (this.#onDue === null) return;
    const before = this.#dueAtMs;
    this.#dueAtMs = this.#state.dueAtMs;
    if (this.#dueAtMs < before) this.#onDue();
  }
}

interface Doing {
  execute(operation: Operation): unknown;
  onDone(operation: Operation, result: unknown): void;
}

class ReferenceSession extends Session {
  readonly #state: ReferenceState;
  readonly #doing: Doing;
  readonly #schedule: (run: () => void) => void;
  readonly #failures = new Failures();

  constructor(state: ReferenceState, doing: Doing, schedule: (run: () => void) => void) {
    super();
    this.#doing = doing;
    this.#state = state;
    this.#schedule = schedule;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    const { count } = this.#failures;
    this.#schedule(() => {
      if (this.#failures.hasNewSince(count)) {
        return receiver.failed(this.#failures.earlierFailure());
      }
      let result: unknown;
      try {
        result = this.#doing.execute(operation);
      } catch (error) {
        const isKnown = error instanceof StoreError;
        const failure = isKnown ? error : new StoreError("refused", String(error));
        this.#failures.add(failure);
        return receiver.failed(failure);
      }
      // There may be thousands of them in a turn.
      if (operation.kind !== "setGroup") this.#state.settle();
      this.#doing.onDone(operation, result);
      receiver.succeeded(result as ResultOf<O>);
    });
  }
}
