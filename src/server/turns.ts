// Work that is put off to the end of a turn of the event loop, so that what happened in the turn
// is dealt with in one go.

export interface TurnTaker {
  takeTurn(): void;
}

/** Turns for which it stays in memory that there were several takers. */
const CROWD_TURNS = 16;

export class Turns {
  #takers: TurnTaker[] = [];
  #last: TurnTaker | null = null;
  #crowdedTurns = 0;

  /** Whether several have had turns of late: then one that takes long keeps others waiting. */
  get isCrowded(): boolean {
    return this.#crowdedTurns > 0;
  }

  /** The taker's turn comes once, at the end of this turn of the event loop. */
  add(taker: TurnTaker): void {
    if (this.#takers.push(taker) > 1) return;
    setImmediate(() => {
      const takers = this.#takers;
      this.#takers = [];
      const isAlone = takers.length === 1 && takers[0] === this.#last;
      this.#crowdedTurns = isAlone ? Math.max(0, this.#crowdedTurns - 1) : CROWD_TURNS;
      this.#last = takers[0]!;
      for (const each of takers) each.takeTurn();
    });
  }
}
