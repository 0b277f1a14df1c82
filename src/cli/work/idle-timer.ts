// Tells when a worker has had nothing to do for so long.

export class IdleTimer {
  readonly #idleMs: number | null;
  readonly #idle: () => void;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** null: never. */
  constructor(idleMs: number | null, idle: () => void) {
    this.#idleMs = idleMs;
    this.#idle = idle;
  }

  /** From now on there is nothing to do. */
  begin(): void {
    this.end();
    if (this.#idleMs !== null) this.#timer = setTimeout(this.#idle, this.#idleMs);
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
