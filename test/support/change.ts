// Lets the only reader of a connection wait until bytes arrive or the connection is closed.

export class Change {
  #tell: (() => void) | null = null;

  happened(): void {
    this.#tell?.();
  }

  /** Resolves at the next change or when the time is over. */
  async within(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tell = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}
