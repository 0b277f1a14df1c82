// What enters a queue that has bound queues: see queue/bindings.ts.
import { treeOf } from "../../queue/bindings.ts";
import type { ReportFacts } from "../../queue/report.ts";
import { toBytes } from "./bytes.ts";
import { LocalEvent, type LocalQueue } from "./local-queue.ts";
import type { Model } from "./model.ts";
import { type More, moreWith } from "./more.ts";
import { COMPLETED, type DELAYED, type READY } from "./states.ts";

/** A queue, and all that what enters it concerns. */
export interface Tree {
  top: LocalQueue;
  queues: readonly LocalQueue[];
  /** Those that keep what enters. */
  keepers: readonly LocalQueue[];
}

/** Bound queues that are not there are opened. */
export function treeIn(model: Model, top: LocalQueue): Tree {
  if (top.bindings === null) return { top, queues: [top], keepers: [top] };
  const boundTo = ({ name, bindings }: LocalQueue) =>
    (bindings ?? []).map((bound) => opened(model, `${name}@${bound}`));
  const queues = [...treeOf(top, boundTo)];
  const keepers = queues.filter((queue) => !isPassedBy(model, queue));
  return { top, queues, keepers };
}

/** Nothing may enter it after all. */
function opened(model: Model, name: string): LocalQueue {
  const known = model.get(name);
  if (known) return known;
  const queue = model.open(name);
  model.noteIfUnused(queue);
  return queue;
}

function isPassedBy(model: Model, queue: LocalQueue): boolean {
  return queue.bindings !== null && model.settingsOf(queue).isBoundOnly;
}

/** How many queues get a copy of what enters that one. */
export function copiesOf(model: Model, name: string): number {
  const queue = model.get(name);
  return !queue || queue.bindings === null ? 0 : treeIn(model, queue).keepers.length;
}

/** The events of that id in the queues of a tree. Throws a JournalError. */
export function findIn(model: Model, { queues }: Tree, id: string, hash: number): LocalEvent[] {
  const found: LocalEvent[] = [];
  for (const queue of queues) {
    const event = model.find(queue, id, hash);
    if (event) found.push(event);
  }
  return found;
}

export function isTakenBy(events: readonly LocalEvent[]): boolean {
  return events.some(({ state }) => state !== COMPLETED);
}

/** Completed events make way for one of their id that enters. */
export function dropCompleted(model: Model, { keepers }: Tree, found: LocalEvent[]): void {
  for (const event of found) {
    if (event.state === COMPLETED && keepers.includes(event.queue)) model.drop(event);
  }
}

/** A copy has entered its queue. */
export function noteCopy(model: Model, copy: LocalEvent, facts: ReportFacts): void {
  model.tally(copy.queue, "pushed");
  if (model.reports) model.report("pushed", copy, facts);
}

/** Another event for a queue, with that id and contents. */
export function copyFor(
  model: Model,
  queue: LocalQueue,
  id: string,
  contents: string | Buffer,
): LocalEvent {
  const copy = new LocalEvent(queue, id, contents);
  copy.key = model.number();
  copy.pushedAtMs = model.nowMs;
  return copy;
}

/** An event that comes from another queue: what it becomes, and the id that it gets. */
interface Arrival {
  state: typeof READY | typeof DELAYED;
  atMs: number;
  more: More | null;
  id: string;
  /** The events of that id in the tree: none, or completed ones. */
  there: LocalEvent[];
}

/** A copy in a bound queue is no member of a counter. */
function withoutPart(more: More | null): More | null {
  return more === null || more.part === null ? more : moreWith(more, { part: null });
}

/** Moves an event from another queue into the keepers of a tree. Throws a JournalError. */
export function enterFromElsewhere(
  model: Model,
  event: LocalEvent,
  tree: Tree,
  { id, there, ...to }: Arrival,
): void {
  const { top, keepers } = tree;
  const { queue: home } = event;
  const isMoved = keepers.includes(top) && id === event.id;
  // Read before anything is changed: a read may fail.
  const contents = isMoved && keepers.length === 1 ? "" : model.contentsOf(event);
  dropCompleted(model, tree, there);
  for (const queue of keepers) {
    const place = () => model.leftPlace();
    if (queue === top && isMoved) {
      model.move(event, { ...to, queue, place: place(), pushedAtMs: model.nowMs });
    } else {
      const copy = copyFor(model, queue, id, contents);
      const more = queue === top ? to.more : withoutPart(to.more);
      model.move(copy, { ...to, more, place: place() });
      if (queue !== top) noteCopy(model, copy, { from: toBytes(home.name) });
    }
  }
  if (!isMoved) model.drop(event);
}
