// The operations on the model: one function per kind, with the name of the kind. A function either
// does its operation or throws before it has changed anything.

import type { Event, Popped } from "../../queue/event.ts";
import type { Operation, Results } from "../../queue/operations.ts";
import type { QueueStatus } from "../../queue/queue-status.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { Shown } from "./cold-events.ts";
import { LocalEvent } from "./local-queue.ts";
import type { Model } from "./model.ts";

/** A buffer of its own costs some 200 bytes; decoding and encoding costs by the byte. */
const KEPT_AS_BUFFER_BYTES_MIN = 4096;

type OperationOf<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

type Operations = {
  [K in Operation["kind"]]: (model: Model, operation: OperationOf<K>) => Results[K];
};

export const operations: Operations = {
  push(model, { queue: name, end, id, contents }) {
    const event = new LocalEvent(toText(id), toKept(contents));
    const queue = model.open(nameOf(name));
    if (model.has(queue, event)) return "duplicate";
    model.add(queue, event, end);
    return "ok";
  },

  pop(model, { queue: name, leaseMs }) {
    const queue = model.get(nameOf(name));
    if (!queue) return null;
    const event = model.rightMost(queue);
    if (!event) return null;
    const { id, contents } = toEvent({ id: event.id, contents: model.contentsOf(event) });
    const popped: Popped = { id, contents, claim: 0, place: event.place };
    if (leaseMs === 0) model.takeNext(queue);
    else popped.claim = model.claimNext(queue, model.nowMs + leaseMs);
    return popped;
  },

  unpop(model, { queue: name, leaseMs, popped }) {
    const { id, contents, claim, place } = popped;
    if (leaseMs > 0) {
      const queue = model.get(nameOf(name));
      const event = queue?.get(toText(id));
      if (!queue || event?.claim !== claim) return false;
      model.unclaim(queue, event, place!);
      return true;
    }
    const queue = model.open(nameOf(name));
    const event = new LocalEvent(toText(id), toKept(contents));
    if (model.has(queue, event)) return false;
    model.addAt(queue, event, place!);
    return true;
  },

  peek(model, { queue: name, end }) {
    const queue = model.get(nameOf(name));
    const event = queue && model.peek(queue, end);
    return event ? toEvent(event) : null;
  },

  ack(model, { queue: name, id, redo }) {
    const queue = model.get(nameOf(name));
    const event = queue?.get(toText(id));
    if (!queue || !event?.isClaimed) return false;
    if (redo) model.unclaim(queue, event, model.next());
    else model.dropClaimed(queue, event);
    return true;
  },

  flush(model, { queue: name }) {
    const queue = model.get(nameOf(name));
    if (queue) model.clear(queue);
    return null;
  },

  status(model, { queues }) {
    return queues.map((name) => statusOf(model, nameOf(name)));
  },

  list(model, { after, limit }) {
    const found = model.names.after(after === null ? null : toText(after), limit + 1);
    const page = found.slice(0, limit);
    const used = page.filter((queue) => model.get(queue)?.isUnused === false);
    return {
      queues: used.map((queue) => statusOf(model, queue)),
      next: found.length > limit ? toBytes(page.at(-1) as string) : null,
    };
  },

  ready(model, { queues }) {
    const name = queues.find((queue) => (model.get(nameOf(queue))?.readyCount ?? 0) > 0);
    return name === undefined ? null : Buffer.from(name);
  },

  register(model, { consumers, isReset }) {
    const counts = new Map(consumers.map(({ queue, count }) => [nameOf(queue), count]));
    if (isReset) {
      for (const { name } of model.consumed) if (!counts.has(name)) counts.set(name, 0);
    }
    for (const [name, count] of counts) model.setConsumers(name, count);
    return null;
  },

  reclaim(model, { limit }) {
    model.sweep();
    return model.reclaim(limit);
  },

  probe(model) {
    model.demandWrite();
    return null;
  },
};

/** Does one operation. If it throws, the model is unchanged. */
export function execute<K extends Operation["kind"]>(
  model: Model,
  operation: OperationOf<K>,
): Results[K] {
  return operations[operation.kind as K](model, operation);
}

function statusOf(model: Model, name: string): QueueStatus {
  const queue = model.get(name);
  return {
    queue: toBytes(name),
    total: queue?.size ?? 0,
    processing: queue?.claimed.length ?? 0,
    consumers: queue?.consumers ?? 0,
  };
}

function toEvent({ id, contents }: Shown): Event {
  return {
    id: toBytes(id),
    contents: typeof contents === "string" ? toBytes(contents) : contents,
  };
}

function toText(bytes: Buffer): string {
  return bytes.toString("latin1");
}

/** Keeps long contents as the buffer they came in, unless that is a small part of its memory. */
function toKept(contents: Buffer): string | Buffer {
  if (contents.length < KEPT_AS_BUFFER_BYTES_MIN) return toText(contents);
  return contents.length * 2 > contents.buffer.byteLength ? contents : Buffer.from(contents);
}

function toBytes(text: string): Buffer {
  // Half the time of Buffer.from.
  const bytes = Buffer.allocUnsafe(text.length);
  bytes.write(text, "latin1");
  return bytes;
}
