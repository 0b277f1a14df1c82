// Stores that break one rule: they change operations before, or results after, another store does
// them.
import { NO_OPTIONS, type PushOptions } from "../../src/queue/event.ts";
import type { StoreError } from "../../src/queue/errors.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { type Receiver, Session } from "../../src/queue/store.ts";
import type { StoreUnderTest } from "./contract.ts";

/** Changes an operation before, or its result after, the store has done it. */
export interface Breakage {
  operation?(operation: Operation): Operation;
  result?(result: unknown, operation: Operation): unknown;
  /** Does the parts one after the other in the place of a transaction. */
  split?(operations: Operation[]): Operation[][];
}

/** Pushes with other options. */
export function pushing(change: (options: PushOptions) => Partial<PushOptions>): Breakage {
  return {
    operation(operation) {
      if (operation.kind !== "push" && operation.kind !== "pushBatch") return operation;
      const options = operation.options ?? NO_OPTIONS;
      return { ...operation, options: { ...options, ...change(options) } };
    },
  };
}

/** Operations of that kind with other fields. */
export function doing<K extends Operation["kind"]>(
  kind: K,
  change: (operation: Extract<Operation, { kind: K }>) => object,
): Breakage {
  return {
    operation: (operation) =>
      operation.kind === kind
        ? ({ ...operation, ...change(operation as never) } as Operation)
        : operation,
  };
}

/** Other results of that kind. */
export function answering(kind: Operation["kind"], change: (result: never) => unknown): Breakage {
  return {
    result: (result, operation) =>
      operation.kind === kind && result !== null ? change(result as never) : result,
  };
}

/** Other operations in the place of that kind, and their results as its results. */
export function instead<K extends Operation["kind"]>(
  kind: K,
  change: (operation: Extract<Operation, { kind: K }>) => {
    operation: Operation;
    result: (result: never) => unknown;
  },
): Breakage {
  const isIt = (operation: Operation): operation is Extract<Operation, { kind: K }> =>
    operation.kind === kind;
  return {
    operation: (operation) => (isIt(operation) ? change(operation).operation : operation),
    result: (result, operation) =>
      isIt(operation) ? change(operation).result(result as never) : result,
  };
}

class BreakingSession extends Session {
  readonly #inner: Session;
  readonly #breakage: Breakage;

  constructor(inner: Session, breakage: Breakage) {
    super();
    this.#inner = inner;
    this.#breakage = breakage;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<never>): void {
    if (operation.kind === "transaction" && this.#breakage.split) {
      return void this.#submitParts(this.#breakage.split(operation.operations), receiver);
    }
    const { operation: changeOne = (given) => given, result: otherOne = (given) => given } =
      this.#breakage;
    const change = (each: Operation): Operation => {
      if (each.kind !== "transaction") return changeOne(each);
      return changeOne({ ...each, operations: each.operations.map(changeOne) });
    };
    const other = (result: unknown, each: Operation): unknown => {
      if (each.kind !== "transaction") return otherOne(result, each);
      const all = otherOne(result, each) as unknown[];
      return all.map((one, at) => otherOne(one, each.operations[at]!));
    };
    this.#inner.submit<Operation>(change(operation), {
      succeeded: (result) => receiver.succeeded(other(result, operation) as never),
      failed: (error) => receiver.failed(error),
    });
  }

  async #submitParts(parts: Operation[][], receiver: Receiver<never>): Promise<void> {
    const asked = parts.map((operations) => this.#inner.ask({ kind: "transaction", operations }));
    const done = await Promise.allSettled(asked);
    const failed = done.find((part) => part.status === "rejected");
    if (failed) return receiver.failed(failed.reason as StoreError);
    const results = done.flatMap((part) => (part.status === "fulfilled" ? part.value : []));
    receiver.succeeded(results as never);
  }
}

export function breaking(under: StoreUnderTest, breakage: Breakage): StoreUnderTest {
  const { store } = under;
  const session = () => new BreakingSession(store.session(), breakage);
  return { ...under, store: Object.assign(Object.create(store) as typeof store, { session }) };
}
