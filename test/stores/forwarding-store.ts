// A store in front of another one, which is asked for anew with every call. Test stores that change
// something extend it.
import type { Session, Store } from "../../src/queue/store.ts";

export abstract class ForwardingStore implements Store {
  /** The store behind this one. */
  protected abstract get inner(): Store;

  abstract session(): Session;

  watch(): Promise<void> {
    return this.inner.watch();
  }

  isDue(): boolean {
    return this.inner.isDue();
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
