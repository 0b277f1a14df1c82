// A store that forwards every call to another store, which may change between calls. Test stores
// extend it.
import type { Session, Store, Topic } from "../../src/queue/store.ts";

export abstract class ForwardingStore implements Store {
  /** The store that gets the calls. */
  protected abstract get inner(): Store;

  abstract session(): Session;

  watch(queues: Buffer[], topic: Topic): Promise<void> {
    return this.inner.watch(queues, topic);
  }

  dueInMs(): number {
    return this.inner.dueInMs();
  }

  describe(): [string, string | number][] {
    return this.inner.describe();
  }

  backup(file: string): Promise<void> {
    return this.inner.backup!(file);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}
