// The latest failure of a journal: it counts as unhealthy for a minute, or until it is known to be
// over.

const lastsMs = 60_000;

export class RecentFailure {
  #latest: { message: string; atMs: number } | null = null;

  /** Its message; null if there was none in the last minute. */
  get message(): string | null {
    const { atMs = -Infinity, message = null } = this.#latest ?? {};
    return performance.now() - atMs > lastsMs ? null : message;
  }

  /** It is over. Returns whether there was one. */
  end(): boolean {
    const wasThere = this.#latest !== null;
    this.#latest = null;
    return wasThere;
  }

  /** Returns whether it is another one than the latest. */
  note(message: string): boolean {
    const isNew = this.message !== message;
    this.#latest = { message, atMs: performance.now() };
    return isNew;
  }
}
