// The memory store of an okq within the process. Its operations count as activity, and everything
// in it can be forgotten at once.
import type { Operation, ResultOf } from "../queue/operations.ts";
import { type Receiver, Session, type Store } from "../queue/store.ts";
import { LocalStore, type LocalStoreOptions } from "../stores/local/local-store.ts";
import type { Activity } from "./activity.ts";

export class WatchedStore implements Store {
  readonly #options: LocalStoreOptions;
  readonly #activity: Activity;
  #store: LocalStore;

  constructor(options: LocalStoreOptions, activity: Activity) {
    this.#options = options;
    this.#activity = activity;
    this.#store = new LocalStore(options);
  }

  session(): Session {
    return new WatchedSession(() => this.#store, this.#activity);
  }

  /** Begins anew with an empty store. Claims are gone, and clients stay. */
  async reset(): Promise<void> {
    const before = this.#store;
    this.#store = new LocalStore(this.#options);
    await before.close();
  }

  async watch(): Promise<void> {}

  dueInMs(): number {
    return this.#store.dueInMs();
  }

  describe(): [string, string | number][] {
    return this.#store.describe();
  }

  async close(): Promise<void> {
    await this.#store.close();
  }
}

class WatchedSession extends Session {
  readonly #storeNow: () => LocalStore;
  readonly #activity: Activity;
  #store: LocalStore;
  #session: Session;

  constructor(storeNow: () => LocalStore, activity: Activity) {
    super();
    this.#storeNow = storeNow;
    this.#activity = activity;
    this.#store = storeNow();
    this.#session = this.#store.session();
  }

  submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void {
    const store = this.#storeNow();
    if (store !== this.#store) {
      this.#store = store;
      this.#session = store.session();
    }
    this.#activity.began();
    this.#session.submit(operation, {
      succeeded: (result) => {
        this.#activity.ended();
        receiver.succeeded(result);
      },
      failed: (error) => {
        this.#activity.ended();
        receiver.failed(error);
      },
    });
  }
}
