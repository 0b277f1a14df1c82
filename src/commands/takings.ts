// The first attempts of commands that take events: equal ones of one client, which stand in a row.
// They are made without waiting for each other, as if all were answered at once. What one of them
// finds goes to the first command that has nothing: as the commands are equal, it does not matter
// which attempt found it. Once all attempts are over, the commands that have nothing wait, one
// after the other.
export class Takings {
  #attempts = 0;
  /** The commands whose attempts found nothing, in their order, until they are given something. */
  readonly #empty: ((found: unknown) => void)[] = [];

  /** Whether another command may make its attempt. */
  get isOpen(): boolean {
    return this.#attempts > 0;
  }

  /** A command makes its attempt. The attempts end in the order in which they began. */
  begin(): void {
    this.#attempts += 1;
  }

  /**
   * The attempt of the next command found that, or nothing. Returns what the command gets, or a
   * promise of it. It resolves with null when it is the command's turn to wait: then call waited()
   * when that is over.
   */
  found<T>(found: T | null): T | Promise<T | null> {
    if (found !== null && this.#empty.length === 0) {
      this.failed();
      return found;
    }
    const given = new Promise<T | null>((resolve) => {
      this.#empty.push(resolve as (found: unknown) => void);
    });
    if (found !== null) this.#empty.shift()!(found);
    this.failed();
    return given;
  }

  /** The attempt of the next command failed: it has its answer. */
  failed(): void {
    this.#attempts -= 1;
    if (this.#attempts === 0) this.waited();
  }

  /** The next command may wait. */
  waited(): void {
    this.#empty.shift()?.(null);
  }
}
