// The places of events in their groups: see queue/groups.ts.
import type { LocalEvent, Position } from "./local-queue.ts";
import { type More, moreWith } from "./more.ts";
import { CLAIMED, LEFT_END, READY } from "./states.ts";

/**
 * `to` with the place of an event in its group: it keeps the one that it got when it became ready
 * for the first time. In another queue it has none yet.
 */
export function withRank(
  event: LocalEvent,
  to: Partial<Position>,
  places: { leftPlace(): number },
): Partial<Position> {
  const more = to.more === undefined ? event.more : to.more;
  if (more === null || more.group === null || to.state === CLAIMED) return to;
  if (to.queue !== undefined && to.queue !== event.queue) {
    const place = to.state === READY && to.place! > LEFT_END ? places.leftPlace() : to.place!;
    const rank = to.state === READY ? place : 0;
    return { ...to, place, lease: 0, more: moreWith(more, { rank }) };
  }
  const own = rankIn(event, more);
  const isNew = own === 0 && to.state === READY;
  if (own === 0 && !isNew) return to;
  const rank = isNew && to.place! > LEFT_END ? places.leftPlace() : own || to.place!;
  const wasClaimed = event.state === CLAIMED || event.lease > 0;
  const isImplicit = rank === LEFT_END - event.key && (to.state === READY || wasClaimed);
  const noted = isImplicit || more.rank === rank ? more : moreWith(more, { rank });
  if (to.state === READY && rank === to.place && noted === to.more) return to;
  return to.state === READY ? { ...to, place: rank, more: noted } : { ...to, more: noted };
}

/** The place of an event in its group; 0 if it has not been ready yet. */
export function rankIn(event: LocalEvent, { rank }: More): number {
  if (rank !== 0) return rank;
  if (event.state === READY) return event.place;
  // It was ready when it was pushed.
  return event.state === CLAIMED || event.lease > 0 ? LEFT_END - event.key : 0;
}
