// Short functions for the operations of a store, with latin1 text instead of bytes.
// oxlint-disable no-await-in-loop -- the steps take place in this order

import { Duplicate, type End, type Popped } from "../../../src/queue/event.ts";
import type { Operation, ResultOf } from "../../../src/queue/operations.ts";
import { type QueuePage, type QueueStatus, totalOf } from "../../../src/queue/queue-status.ts";
import type { Session } from "../../../src/queue/store.ts";
import type { StoreUnderTest } from "../contract.ts";

export const leaseMs = 60_000;

/** A queue's name, total, processing and consumers. */
export type StatusRow = [queue: string, total: number, processing: number, consumers: number];

/** Submits operations through one session. */
export class Caller {
  readonly session: Session;

  constructor(readonly under: StoreUnderTest) {
    this.session = under.store.session();
  }

  get parts(): number {
    return this.under.parts ?? 1;
  }

  /** Another session on the same store. */
  another(): Caller {
    return new Caller(this.under);
  }

  submit<O extends Operation>(operation: O): Promise<ResultOf<O>> {
    return this.session.ask(operation);
  }

  get nowMs(): number {
    return this.under.nowMs();
  }

  advance(ms: number): void {
    this.under.advance(ms);
  }

  async push(
    queue: string,
    id: string,
    end: End = "left",
    contents = `contents of ${id}`,
  ): Promise<"ok" | "duplicate"> {
    const result = await this.submit({
      kind: "push",
      queue: bytesOf(queue),
      end,
      id: bytesOf(id),
      contents: bytesOf(contents),
      options: null,
    });
    return result instanceof Duplicate ? "duplicate" : "ok";
  }

  /** Pushes on the left, so that the first event is the next one out. */
  async pushAll(queue: string, ids: string[]): Promise<void> {
    await Promise.all(ids.map((id) => this.push(queue, id)));
  }

  /** Pops. Returns the event with everything that undoes the pop. */
  popUndoable(queue: string, lease = leaseMs): Promise<Popped | null> {
    return this.submit({ kind: "pop", queue: bytesOf(queue), leaseMs: lease, claimant: null });
  }

  /** Undoes a popUndoable. */
  unpop(queue: string, popped: Popped | null): Promise<boolean> {
    if (!popped) throw new Error("nothing was popped");
    return this.submit({ kind: "unpop", queue: bytesOf(queue), popped });
  }

  /** The event's id and contents. */
  async popEvent(queue: string, lease = leaseMs): Promise<[id: string, contents: string] | null> {
    const event = await this.popUndoable(queue, lease);
    return event && [textOf(event.id), textOf(event.contents)];
  }

  /** The event's id. */
  async pop(queue: string, lease = leaseMs): Promise<string | null> {
    return (await this.popEvent(queue, lease))?.[0] ?? null;
  }

  async peekEvent(queue: string, end: End): Promise<[id: string, contents: string] | null> {
    const event = await this.submit({ kind: "peek", queue: bytesOf(queue), end });
    return event && [textOf(event.id), textOf(event.contents)];
  }

  async peek(queue: string, end: End = "right"): Promise<string | null> {
    return (await this.peekEvent(queue, end))?.[0] ?? null;
  }

  ack(queue: string, id: string): Promise<boolean> {
    return this.submit({
      kind: "ack",
      queue: bytesOf(queue),
      id: bytesOf(id),
      token: null,
      result: null,
    });
  }

  redo(queue: string, id: string): Promise<boolean> {
    return this.submit({
      kind: "redo",
      queue: bytesOf(queue),
      id: bytesOf(id),
      token: null,
      start: null,
    });
  }

  flush(queue: string): Promise<null> {
    return this.submit({ kind: "flush", queue: bytesOf(queue) });
  }

  async status(...queues: string[]): Promise<StatusRow[]> {
    const statuses = await this.submit({ kind: "status", queues: queues.map(bytesOf) });
    return statuses.map(rowOf);
  }

  page(after: string | null, limit: number): Promise<QueuePage> {
    return this.submit({ kind: "list", after: after === null ? null : bytesOf(after), limit });
  }

  /** The queues of all pages, because a store may split the list anywhere. */
  async list(limit = 1000): Promise<StatusRow[]> {
    const rows: StatusRow[] = [];
    let after: string | null = null;
    for (let pages = 0; pages < 10_000; pages++) {
      const { queues, next }: QueuePage = await this.page(after, limit);
      const most = limit * this.parts;
      if (queues.length > most) throw new Error(`a page of ${queues.length}, at most ${most}`);
      rows.push(...queues.map(rowOf));
      if (next === null) return rows;
      after = textOf(next);
    }
    throw new Error("the list of queues does not end");
  }

  async ready(...queues: string[]): Promise<string | null> {
    const queue = await this.submit({ kind: "ready", queues: queues.map(bytesOf) });
    return queue && textOf(queue);
  }

  register(counts: Record<string, number>, isReset = false): Promise<null> {
    const consumers = Object.entries(counts).map(([queue, count]) => ({
      queue: bytesOf(queue),
      count,
    }));
    return this.submit({ kind: "register", consumers, isReset });
  }

  async reclaim(limit = 1000): Promise<number> {
    return (await this.submit({ kind: "tick", limit, parts: "all" })).moved;
  }

  /** Pops all ready events and returns their ids in order. */
  async drain(queue: string): Promise<string[]> {
    const ids: string[] = [];
    for (;;) {
      const id = await this.pop(queue, 0);
      if (id === null) return ids;
      ids.push(id);
    }
  }

  /** The number of events of the queue that onReady has reported so far. */
  reportedReady(queue: string): number {
    return this.under.ready.reduce((sum, [name, count]) => sum + (name === queue ? count : 0), 0);
  }
}

export function bytesOf(text: string): Buffer {
  return Buffer.from(text, "latin1");
}

export function textOf(bytes: Buffer): string {
  return bytes.toString("latin1");
}

function rowOf(status: QueueStatus): StatusRow {
  return [textOf(status.queue), totalOf(status), status.claimed, status.consumers];
}
