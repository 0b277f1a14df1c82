// The store of an okq that shares a bucket with others: it is there at once, and has a local store
// while this okq serves. Meanwhile operations fail as "unavailable".
import { StoreError } from "../../queue/errors.ts";
import type { Operation, ResultOf } from "../../queue/operations.ts";
import { type Receiver, Session, type Store } from "../../queue/store.ts";

export class FailoverStore implements Store {
  readonly #reason: () => string;
  readonly #describe: Store["describe"];
  #serving: Store | null = null;

  /** reason: why this okq does not serve. describe: what INFO shows, whoever serves. */
  constructor(reason: () => string, describe: Store["describe"]) {
    this.#reason = reason;
    this.#describe = describe;
  }

  /** From now on operations are done there. */
  serve(store: Store): void {
    this.#serving = store;
  }

  /** Resolves when the operations that were submitted until now are answered. */
  async standBy(): Promise<void> {
    const serving = this.#serving;
    this.#serving = null;
    await serving?.close();
  }

  session(): Session {
    return new FailoverSession(
      () => this.#serving,
      () => this.#unavailable(),
    );
  }

  /** Does nothing: no other process can reach these queues. */
  async watch(): Promise<void> {}

  dueInMs(): number {
    return this.#serving?.dueInMs() ?? Infinity;
  }

  describe(): [string, string | number][] {
    return [...this.#describe(), ...(this.#serving?.describe() ?? [["store", "objects"] as const])];
  }

  async backup(file: string): Promise<void> {
    if (!this.#serving) throw this.#unavailable();
    await this.#serving.backup!(file);
  }

  close(): Promise<void> {
    return this.standBy();
  }

  #unavailable(): StoreError {
    return new StoreError("unavailable", this.#reason());
  }
}

class FailoverSession extends Session {
  readonly #serving: () => Store | null;
  readonly #unavailable: () => StoreError;
  /** The session in the store that served last. */
  #inner: Session | null = null;
  #store: Store | null = null;

  constructor(serving: () => Store | null, unavailable: () => StoreError) {
    super();
    this.#serving = serving;
    this.#unavailable = unavailable;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    const store = this.#serving();
    if (store === null) return receiver.failed(this.#unavailable());
    if (store !== this.#store) {
      this.#store = store;
      this.#inner = store.session();
    }
    this.#inner!.submit(operation, receiver);
  }
}
