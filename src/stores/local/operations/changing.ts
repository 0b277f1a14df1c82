// What changes events by hand: removes them, or makes failed ones ready again.
import { nameOf } from "../../../queue/name-cache.ts";
import type { Flush, Remove, Retry, Target } from "../../../queue/management.ts";
import { toText } from "../bytes.ts";
import { hashOf } from "../hash-index.ts";
import { drop, makeReady } from "../life.ts";
import type { Model } from "../model.ts";
import { moreWith } from "../more.ts";
import type { LocalEvent, LocalQueue } from "../local-queue.ts";
import { CLAIMED, DELAYED, FAILED, GONE } from "../states.ts";

export function remove(model: Model, { queue, targets }: Remove): boolean[] {
  return change(model, queue, targets, (event) => {
    if (event.state === CLAIMED) return false;
    drop(model, event);
    return true;
  });
}

export function retry(model: Model, { queue: name, targets, end }: Retry): boolean[] {
  return change(model, name, targets, (event) => {
    const { state, more } = event;
    const isRetrying = state === DELAYED && event.attempt > 1;
    if (state !== FAILED && !isRetrying) return false;
    if (more?.unique && model.isKeyTaken(event.queue, more.unique, event)) return false;
    const ttlFromMs = model.nowMs;
    const place = end === "left" ? model.leftPlace() : model.number();
    makeReady(model, event, place, moreWith(more, { failures: 0, crashes: 0, ttlFromMs }));
    return true;
  });
}

export function flush(model: Model, { queue: name }: Flush): null {
  const queue = model.get(nameOf(name));
  if (queue) flushOne(model, queue);
  return null;
}

/** With its groups, if it is a stream. */
export function flushOne(model: Model, queue: LocalQueue): void {
  const { stream, bindings } = queue;
  model.clear(queue);
  if (stream !== null) model.noteGroupEnded(queue.name);
  if (stream === null || bindings === null) return;
  const isGroup = (name: string) => {
    const bound = model.get(`${queue.name}@${name}`);
    return bound !== undefined && bound.stream !== null;
  };
  const groups = bindings.filter(isGroup);
  if (groups.length === 0) return;
  const left = bindings.filter((name) => !groups.includes(name));
  model.setBindings(queue, left.length > 0 ? left : null);
  for (const name of groups) flushOne(model, model.get(`${queue.name}@${name}`)!);
}

/** Finds all events before it changes the first one: a read may fail. */
function change(
  model: Model,
  name: Buffer,
  targets: Target[],
  changeOne: (event: LocalEvent) => boolean,
): boolean[] {
  const queue = model.get(nameOf(name));
  if (!queue) return targets.map(() => false);
  const found = new Map<string, LocalEvent>();
  for (const { id } of targets) {
    const text = toText(id);
    const event = found.get(text) ?? model.find(queue, text, hashOf(text));
    if (event) found.set(text, event);
  }
  return targets.map(({ id, version }) => {
    const event = found.get(toText(id));
    if (!event || event.state === GONE) return false;
    return (version === null || version === event.version) && changeOne(event);
  });
}
