// The first attempts of commands that take events: equal ones of one client, which stand in a row.
// They are made without waiting for each other, as if all were answered at once. What one of them
// finds goes to the first command that has nothing: as the commands are equal, it does not matter
// which attempt found it. Once all attempts are over, the commands that have nothing wait, one
// after the other.
interface Waiting {
  resolve(found: unknown): void;
  reject(error: unknown): void;
}

export class Takings {
  /** The commands that have nothing, in their order. */
  readonly #waiting: Waiting[] = [];
  #attempts = 0;

  /** Whether another command may make its attempt. */
  get isOpen(): boolean {
    return this.#attempts > 0;
  }

  /**
   * Resolves with what was found, or with null when it is this command's turn to wait. Then call
   * waited() when that is over. Rejects if the attempt does.
   */
  first<T>(attempt: () => Promise<T | null>): Promise<T | null> {
    return new Promise<T | null>((resolve, reject) => {
      const command = { resolve: resolve as (found: unknown) => void, reject };
      this.#waiting.push(command);
      this.#attempts += 1;
      attempt().then(
        (found) => {
          if (found !== null) this.#waiting.shift()!.resolve(found);
          this.#ended();
        },
        (error) => {
          this.#waiting.splice(this.#waiting.indexOf(command), 1);
          reject(error);
          this.#ended();
        },
      );
    });
  }

  /** The next command may wait. */
  waited(): void {
    this.#waiting.shift()?.resolve(null);
  }

  #ended(): void {
    this.#attempts -= 1;
    if (this.#attempts === 0) this.waited();
  }
}
