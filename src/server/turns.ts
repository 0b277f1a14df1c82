// Work that is put off to the end of a turn of the event loop, so that what happened in the turn
// is dealt with in one go.

export interface TurnTaker {
  takeTurn(): void;
}

export class Turns {
  #takers: TurnTaker[] = [];

  /** The taker's turn comes once, at the end of this turn of the event loop. */
  add(taker: TurnTaker): void {
    if (this.#takers.push(taker) > 1) return;
    setImmediate(() => {
      const takers = this.#takers;
      this.#takers = [];
      for (const each of takers) each.takeTurn();
    });
  }
}
