// Waiting until something happens to a connection, for its one reader.

export class Change {
  #tell: (() => void) | null = null;

  happened(): void {
    this.#tell?.();
  }

  /** Resolves when something happens, or when the time is over. */
  async within(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#tell = resolve;
    const timer = setTimeout(resolve, ms);
    await promise;
    clearTimeout(timer);
  }
}
