// What goes on in one okq within the process, so that a test knows when nothing does any more.
// Bytes on their way and operations of the store are counted. Between them code of okq and of its
// clients runs in later turns of the event loop, but never waits for more than a few of them.

/** More turns than any step of okq takes between two things that are counted. */
const QUIET_TURNS = 4;
/** The same for the first thing that a timer does. */
const QUIET_TURNS_AFTER_TIMER = 2;

export class Activity {
  #underWay = 0;
  #changes = 0;
  /** The changes up to the last time when all was settled. */
  #settledChanges = 0;

  /** Something begins that will end by itself. */
  began(): void {
    this.#underWay += 1;
    this.#changes += 1;
  }

  ended(): void {
    this.#underWay -= 1;
    this.#changes += 1;
  }

  /** Resolves once nothing is under way, and nothing has happened for a few turns. */
  async settled(): Promise<void> {
    while (!(await this.#isQuietFor(QUIET_TURNS)));
    this.#settledChanges = this.#changes;
  }

  /** The same, if all was settled until timers ran just now. Most of them find nothing to do. */
  async settledAfterTimers(): Promise<void> {
    const isUnchanged = this.#changes === this.#settledChanges;
    if (isUnchanged && (await this.#isQuietFor(QUIET_TURNS_AFTER_TIMER))) return;
    await this.settled();
  }

  /** False as soon as something happens. */
  async #isQuietFor(turns: number): Promise<boolean> {
    const before = this.#changes;
    for (let turn = 0; turn < turns; turn++) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await turnOfEventLoop();
      if (this.#underWay > 0 || this.#changes !== before) return false;
    }
    return true;
  }
}

export function turnOfEventLoop(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}
