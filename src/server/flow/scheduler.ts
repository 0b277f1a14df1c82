// Work that is put off until after a turn of the event loop, so that all that happened in the turn
// is handled at once: one write for all replies of a connection.

export interface Scheduled {
  afterTurn(): void;
}

/** After a turn with several connections this many turns count as crowded. */
const CROWDED_TURNS = 16;

export class Scheduler {
  #due: Scheduled[] = [];
  #last: Scheduled | null = null;
  #crowdedTurns = 0;
  readonly #onEnd: () => void;
  readonly #hasPauses: boolean;

  /** onEnd: called after each turn in which something was due. Without pauses nobody is crowded. */
  constructor(onEnd: () => void = () => {}, hasPauses = true) {
    this.#onEnd = onEnd;
    this.#hasPauses = hasPauses;
  }

  /** Whether several connections were busy lately. Then one that works for long delays others. */
  get isCrowded(): boolean {
    return this.#crowdedTurns > 0 && this.#hasPauses;
  }

  /**
   * Calls afterTurn() once for each time it was added: after the events of this turn of the event
   * loop; if it is added by a setImmediate(), as by results of the local store, in the next turn.
   */
  add(scheduled: Scheduled): void {
    if (this.#due.push(scheduled) === 1) setImmediate(this.#runAll);
  }

  readonly #runAll = (): void => {
    const due = this.#due;
    this.#due = [];
    const isAlone = due.length === 1 && due[0] === this.#last;
    this.#crowdedTurns = isAlone ? Math.max(0, this.#crowdedTurns - 1) : CROWDED_TURNS;
    this.#last = due[0]!;
    for (const each of due) each.afterTurn();
    this.#onEnd();
  };
}
