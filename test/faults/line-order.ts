// Checks the order of events: events that one producer pushed on the left of one queue come out in
// that order. Times are moments of the account. A pop whose answer was lost may have popped any
// event, so events that are delivered after it prove nothing.

interface Place {
  id: string;
  isPushed: boolean;
  /** When the first pop that delivered the event was sent, and when it was answered. */
  sentAt: number;
  cameAt: number;
}

export class LineOrder {
  /** By line, in the order of the pushes. */
  readonly #lines = new Map<string, Place[]>();
  readonly #places = new Map<string, Place>();
  #doubtfulFrom = Infinity;

  /** A push to that line is sent, after earlier pushes. */
  pushing(id: string, line: string): void {
    const place = { id, isPushed: false, sentAt: 0, cameAt: Infinity };
    this.#places.set(id, place);
    const places = this.#lines.get(line);
    if (places) places.push(place);
    else this.#lines.set(line, [place]);
  }

  /** The push of that event was answered OK. */
  pushed(id: string): void {
    const place = this.#places.get(id);
    if (place) place.isPushed = true;
  }

  /** A pop that was sent at that moment delivered the event. Only the first delivery counts. */
  delivered(id: string, sentAt: number, cameAt: number): void {
    const place = this.#places.get(id);
    if (place?.cameAt === Infinity) Object.assign(place, { sentAt, cameAt });
  }

  /** A pop was sent at that moment, and its answer was lost. */
  lostPop(sentAt: number): void {
    this.#doubtfulFrom = Math.min(this.#doubtfulFrom, sentAt);
  }

  /** Events that were overtaken by an event pushed after them. */
  faults(): string[] {
    return [...this.#lines.values()].flatMap((places) => this.#faultsIn(places));
  }

  #faultsIn(places: Place[]): string[] {
    const faults: string[] = [];
    let earliest: Place | null = null;
    for (const place of places.toReversed()) {
      if (!place.isPushed || place.cameAt >= this.#doubtfulFrom) continue;
      if (earliest && place.sentAt > earliest.cameAt) {
        faults.push(`${place.id} came after ${earliest.id}, which was pushed after it`);
      }
      if (!earliest || place.cameAt < earliest.cameAt) earliest = place;
    }
    return faults;
  }
}
