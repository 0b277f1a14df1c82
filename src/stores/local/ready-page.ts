// The ready events of a queue in the order in which a scan shows them: those without a group by
// priority, then group by group (see queue/groups.ts).
import { type EventOrPlace, type Line, placeOf } from "./line.ts";
import type { LocalEvent, LocalQueue } from "./local-queue.ts";

export interface ReadyEntry {
  entry: EventOrPlace<LocalEvent>;
  /** The next page begins behind it. */
  cursor: string;
}

/** A line, and how cursors name it. */
interface Part {
  name: string;
  line: Line<LocalEvent>;
}

/** Groups that are looked at together. */
const groupsAtOnce = 100;

/** At most so many, behind that cursor or from the beginning. */
export function readyPage(
  queue: LocalQueue,
  after: string | null,
  limit: number,
  isReverse = false,
): ReadyEntry[] {
  const [name, place] = after === null ? [null, null] : after.split(":");
  const found: ReadyEntry[] = [];
  for (const part of partsFrom(queue, name ?? null, isReverse)) {
    const from = part.name === name ? Number(place) : null;
    for (const entry of part.line.page(from, limit - found.length, isReverse)) {
      found.push({ entry, cursor: `${part.name}:${placeOf(entry)}` });
    }
    if (found.length >= limit) break;
  }
  return found;
}

/** The first `count` of them. isReverse: from the left end. */
export function entriesFrom(
  queue: LocalQueue,
  count: number,
  isReverse: boolean,
): EventOrPlace<LocalEvent>[] {
  let found: EventOrPlace<LocalEvent>[] = [];
  for (const { line } of partsFrom(queue, null, isReverse)) {
    const page = line.page(null, count - found.length, isReverse);
    if (found.length === 0) found = page;
    else for (const entry of page) found.push(entry);
    if (found.length >= count) break;
  }
  return found;
}

/** From the part of that name on, or from where it was. */
function* partsFrom(queue: LocalQueue, name: string | null, isReverse: boolean): Generator<Part> {
  const isGroup = name !== null && name.startsWith("g");
  const number = name === null ? null : Number(name.slice(1));
  const others = isReverse ? othersOf(queue).toReversed() : othersOf(queue);
  const isBehind = ({ priority }: { priority: number }) =>
    number === null || isGroup || (isReverse ? priority >= number : priority <= number);
  const groupsFrom = isGroup ? number! + (isReverse ? 1 : -1) : null;
  if (!isReverse) {
    if (!isGroup) yield* others.filter(isBehind);
    yield* groupsBehind(queue, groupsFrom, isReverse);
  } else {
    if (name === null || isGroup) yield* groupsBehind(queue, groupsFrom, isReverse);
    yield* others.filter(isBehind);
  }
}

/** The lines without a group, the highest priority first. */
function othersOf({ line, ranked }: LocalQueue): (Part & { priority: number })[] {
  const ofZero = { priority: 0, line };
  const all = ranked === null ? [ofZero] : [...ranked, ofZero];
  const inOrder = all.toSorted((a, b) => b.priority - a.priority);
  return inOrder.map((one) => ({
    priority: one.priority,
    line: one.line,
    name: `p${one.priority}`,
  }));
}

function* groupsBehind(
  { groups }: LocalQueue,
  after: number | null,
  isReverse: boolean,
): Generator<Part> {
  if (groups === null) return;
  for (let from = after; ;) {
    const page = groups.page(from, groupsAtOnce, isReverse);
    for (const { number, line } of page) if (line.length > 0) yield { name: `g${number}`, line };
    if (page.length < groupsAtOnce) return;
    from = page.at(-1)!.number;
  }
}

/** The ready events that have to go first so that there is room: the lowest priority first. */
export function* firstToGo(queue: LocalQueue, most: number): Generator<EventOrPlace<LocalEvent>> {
  const { line, ranked, groups } = queue;
  const others = ranked === null ? [] : [...ranked].toReversed();
  for (const { priority, line: low } of others)
    if (priority < 0) yield* low.page(null, most, false);
  yield* line.page(null, most, false);
  if (groups !== null) {
    for (const part of groupsBehind(queue, null, false)) yield* part.line.page(null, most, false);
  }
  for (const { priority, line: high } of others) {
    if (priority > 0) yield* high.page(null, most, false);
  }
}
