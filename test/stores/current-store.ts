// A store that a test can replace, as after a restart, while its sessions stay usable.
import type { Operation, ResultOf } from "../../src/queue/operations.ts";
import { type Receiver, Session, type Store } from "../../src/queue/store.ts";
import type { LocalStore } from "../../src/stores/local/local-store.ts";
import { ForwardingStore } from "./forwarding-store.ts";

export class CurrentStore extends ForwardingStore {
  #store: LocalStore;

  constructor(store: LocalStore) {
    super();
    this.#store = store;
  }

  protected get inner(): LocalStore {
    return this.#store;
  }

  async replace(next: (store: LocalStore) => Promise<LocalStore>): Promise<void> {
    this.#store = await next(this.#store);
  }

  session(): Session {
    return new CurrentSession(() => this.#store);
  }
}

class CurrentSession extends Session {
  readonly #storeNow: () => Store;
  #store: Store | null = null;
  #session: Session | null = null;

  constructor(storeNow: () => Store) {
    super();
    this.#storeNow = storeNow;
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    const store = this.#storeNow();
    if (store !== this.#store) [this.#store, this.#session] = [store, store.session()];
    this.#session!.submit(operation, receiver);
  }
}
