// Lets the one reader of a connection wait until something happens to it.

export class Change {
  #tell: (() => void) | null = null;

  happened(): void {
    this.#tell?.();
  }

  /** Resolves when something happens or the time is over. */
  async within(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tell = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}
