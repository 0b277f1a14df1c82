// One client as a consumer: the queues that it is registered on.
import type { Consumers } from "./consumers.ts";

export class Consumer {
  readonly #consumers: Consumers;
  #queues: Buffer[] = [];
  #hasRegistered = false;

  constructor(consumers: Consumers) {
    this.#consumers = consumers;
  }

  /** In the order in which they are searched for ready events. The list never changes. */
  get queues(): Buffer[] {
    return this.#queues;
  }

  /** Whether it may wait: it registered, even on no queue, and did not leave all queues since. */
  get hasRegistered(): boolean {
    return this.#hasRegistered;
  }

  /** About how much memory the registrations of all consumers would take if it had these queues. */
  bytesWith(queues: Buffer[]): number {
    return this.#consumers.bytesWith(this.#queues, queues);
  }

  /**
   * Registers on these queues and on no others. Resolves when the store knows of it; if the store
   * cannot be told, rejects and changes nothing.
   */
  async register(queues: Buffer[]): Promise<void> {
    const before = this.#queues;
    const hadRegistered = this.#hasRegistered;
    this.#hasRegistered = true;
    this.#queues = queues;
    try {
      await this.#consumers.report(this.#consumers.replace(before, queues));
    } catch (error) {
      this.#hasRegistered &&= hadRegistered;
      // It may have left these queues meanwhile.
      if (this.#queues === queues) {
        this.#queues = before;
        this.#consumers.replace(queues, before);
      }
      throw error;
    }
  }

  /**
   * Leaves all queues but these, at once and even if the store cannot be told: the next full report
   * tells it. Resolves when the store was told or could not be.
   */
  async leaveAllBut(kept: Buffer[]): Promise<void> {
    if (kept.length === 0) this.#hasRegistered = false;
    if (kept.length === this.#queues.length) return;
    const changed = this.#consumers.replace(this.#queues, kept);
    this.#queues = kept;
    await this.#consumers.reportLeft(changed);
  }

  /** From now on the search starts after this queue, so that no queue starves the others. */
  searchAfter(queue: Buffer): void {
    const next = this.#queues.findIndex((each) => each.equals(queue)) + 1;
    this.#queues = [...this.#queues.slice(next), ...this.#queues.slice(0, next)];
  }
}
