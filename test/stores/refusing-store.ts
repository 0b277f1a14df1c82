// A local store that refuses pushes into chosen queues, for tests of operations after a refusal.
// As with a failing disk, such a push throws when it is executed.

import type { Operation, ResultOf } from "../../src/queue/operations.ts";
import { type Receiver, Session, type Store } from "../../src/queue/store.ts";
import { ForwardingStore } from "./forwarding-store.ts";

const failing = {
  toString() {
    throw new Error("refused on purpose");
  },
};

export class RefusingStore extends ForwardingStore {
  protected readonly inner: Store;
  readonly #queues = new Set<string>();

  constructor(inner: Store) {
    super();
    this.inner = inner;
  }

  async setRefusing(queue: string, isRefusing: boolean): Promise<void> {
    if (isRefusing) this.#queues.add(queue);
    else this.#queues.delete(queue);
  }

  session(): Session {
    return new RefusingSession(this.inner.session(), this.#queues);
  }
}

class RefusingSession extends Session {
  readonly #inner: Session;
  readonly #queues: ReadonlySet<string>;

  constructor(inner: Session, queues: ReadonlySet<string>) {
    super();
    this.#inner = inner;
    this.#queues = queues;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    // A transaction is refused before its first operation.
    const all = operation.kind === "transaction" ? operation.operations : [operation];
    const refused = all.find(
      (each) => each.kind === "push" && this.#queues.has(each.queue.toString("latin1")),
    );
    const submitted = refused ? { ...refused, id: failing as unknown as Buffer } : operation;
    this.#inner.submit<Operation>(submitted as Operation, receiver as Receiver<unknown>);
  }
}
