// The states of an event and its places, as numbers.

/**
 * Places ascend from left to right; the right-most ready event is the next one out.
 * - LEFT_END - number: entered at the left end
 * - -claim: requeued when that claim failed or crashed; claims have ascending numbers
 * - number: entered at the right end
 * The number of a place is that of its event (its key), or a later one. A delayed event has such a
 * place too. A failed or completed one has a number: the later it became so, the greater.
 */
export const LEFT_END = -(2 ** 50);

/** Where an event is. The values are those of the journal. */
export const GONE = 0;
export const READY = 2;
export const DELAYED = 3;
export const CLAIMED = 4;
export const FAILED = 5;
export const COMPLETED = 6;
export type StateNumber =
  typeof GONE | typeof READY | typeof DELAYED | typeof CLAIMED | typeof FAILED | typeof COMPLETED;

/** The states that a journal knows. */
export type StoredState = Exclude<StateNumber, typeof GONE>;

/** The number in a place; that of a claim counts too. */
export function numberOf(place: number): number {
  return place < LEFT_END ? LEFT_END - place : Math.abs(place);
}

/** Orders events with the same time: in the order of the line, or in which they became so. */
export function rankOf(state: StateNumber, place: number): number {
  return state === FAILED || state === COMPLETED ? place : -place;
}
