// A local store that refuses pushes into chosen queues, for tests of operations behind a refusal:
// such a push throws when it is executed, as does one that meets a failing disk.

import {
  type Operation,
  type Receiver,
  type ResultOf,
  Session,
  type Store,
} from "../../src/queue/store.ts";

const failing = {
  toString() {
    throw new Error("refused on purpose");
  },
};

export class RefusingStore implements Store {
  readonly #inner: Store;
  readonly #queues = new Set<string>();

  constructor(inner: Store) {
    this.#inner = inner;
  }

  async setRefusing(queue: string, isRefusing: boolean): Promise<void> {
    if (isRefusing) this.#queues.add(queue);
    else this.#queues.delete(queue);
  }

  session(): Session {
    return new RefusingSession(this.#inner.session(), this.#queues);
  }

  watch(): Promise<void> {
    return this.#inner.watch();
  }

  isDue(): boolean {
    return this.#inner.isDue();
  }

  describe(): [string, string | number][] {
    return this.#inner.describe();
  }

  backup(file: string): Promise<void> {
    return this.#inner.backup!(file);
  }

  close(): Promise<void> {
    return this.#inner.close();
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
    const isRefused =
      operation.kind === "push" && this.#queues.has(operation.queue.toString("latin1"));
    const submitted = isRefused ? { ...operation, id: failing as unknown as Buffer } : operation;
    this.#inner.submit(submitted, receiver);
  }
}
