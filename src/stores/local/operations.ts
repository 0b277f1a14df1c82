// The operations on the model: one function per kind, with the name of the kind. A function either
// does its operation or throws before it has changed anything.

import { Duplicate, type Event } from "../../queue/event.ts";
import type { Operation, Results } from "../../queue/operations.ts";
import type { QueueStatus } from "../../queue/queue-status.ts";
import { nameOf } from "../../queue/name-cache.ts";
import type { Shown } from "./cold-events.ts";
import { LocalEvent } from "./local-queue.ts";
import type { Model } from "./model.ts";

/** A buffer of its own costs some 200 bytes; decoding and encoding costs by the byte. */
const KEPT_AS_BUFFER_BYTES_MIN = 4096;

type OperationOf<K extends Operation["kind"]> = Extract<Operation, { kind: K }>;

/** What undoes a pop: the number of the claim (0: none) and the event's place in line before it. */
interface Undo {
  claim: number;
  place: number;
}

const LEASE_DEFAULT_MS = 30_000;

type Operations = {
  [K in Operation["kind"]]?: (model: Model, operation: OperationOf<K>) => Results[K];
};

export const operations: Operations = {
  push(model, { queue: name, end, id, contents }) {
    if (id === null) throw new Error("not yet");
    const event = new LocalEvent(toText(id), toKept(contents));
    const queue = model.open(nameOf(name));
    if (model.has(queue, event)) return new Duplicate(id);
    model.add(queue, event, end);
    return id;
  },

  pop(model, { queue: name, leaseMs }) {
    const queue = model.get(nameOf(name));
    if (!queue) return null;
    const event = model.rightMost(queue);
    if (!event) return null;
    const { id, contents } = toEvent({ id: event.id, contents: model.contentsOf(event) });
    const undo: Undo = { claim: 0, place: event.place };
    if (leaseMs === 0) model.takeNext(queue);
    else undo.claim = model.claimNext(queue, model.nowMs + (leaseMs ?? LEASE_DEFAULT_MS));
    return {
      queue: name,
      id,
      contents,
      token: null,
      attempt: 1,
      headers: null,
      pushedAtMs: 0,
      undo,
    };
  },

  unpop(model, { queue: name, popped }) {
    const { id, contents, undo } = popped;
    const { claim, place } = undo as Undo;
    if (claim > 0) {
      const queue = model.get(nameOf(name));
      const event = queue?.get(toText(id));
      if (!queue || event?.claim !== claim) return false;
      model.unclaim(queue, event, place);
      return true;
    }
    const queue = model.open(nameOf(name));
    const event = new LocalEvent(toText(id), toKept(contents));
    if (model.has(queue, event)) return false;
    model.addAt(queue, event, place);
    return true;
  },

  peek(model, { queue: name, end }) {
    const queue = model.get(nameOf(name));
    const event = queue && model.peek(queue, end);
    return event ? toEvent(event) : null;
  },

  ack(model, { queue: name, id }) {
    const queue = model.get(nameOf(name));
    const event = queue?.get(toText(id));
    if (!queue || !event?.isClaimed) return false;
    model.dropClaimed(queue, event);
    return true;
  },

  redo(model, { queue: name, id }) {
    const queue = model.get(nameOf(name));
    const event = queue?.get(toText(id));
    if (!queue || !event?.isClaimed) return false;
    model.unclaim(queue, event, model.next());
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

  tick(model, { limit }) {
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
  const execution = operations[operation.kind as K];
  if (!execution) throw new Error("not yet");
  return execution(model, operation);
}

function statusOf(model: Model, name: string): QueueStatus {
  const queue = model.get(name);
  return {
    queue: toBytes(name),
    ready: queue?.readyCount ?? 0,
    delayed: 0,
    claimed: queue?.claimed.length ?? 0,
    failed: 0,
    completed: 0,
    consumers: queue?.consumers ?? 0,
    paused: [],
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
