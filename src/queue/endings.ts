// Clients that wait until an event has ended, or until a queue is empty. They look when this
// process ends an event there, when it hears that another one did, and now and then.
import type { Clock } from "./clock.ts";
import type { FailOutcome, Popped } from "./event.ts";
import { listChanges } from "./list-changes.ts";
import { nameOf } from "./name-cache.ts";
import type { Operation } from "./operations.ts";
import { type StreamListener, tellStreamChanges } from "./stream-changes.ts";
import type { StreamEnded, StreamOperation } from "./streams.ts";
import { type Attempt, Waiters } from "./waiters.ts";

/** Between two looks of all clients that wait for a queue, however many events end there. */
const PAUSE_MS = 50;
/** The same, for each of these clients. Looks at everything come every second anyway. */
const PAUSE_EACH_MS = 1;
const PAUSE_MS_MAX = 1000;

interface Awaited<T> {
  queue: Buffer;
  /** null: that the queue is empty. */
  id: Buffer | null;
  timeoutMs: number;
  /** Finds how the event ended, or that the queue is empty; null if that is still to come. */
  look: Attempt<T>;
  /** Ends the wait, as the timeout does. */
  signal: AbortSignal;
}

export class Endings {
  readonly #clock: Clock;
  readonly #waiters: Waiters;
  /** By the name of a queue: how many wait for each thing there. keyOf() names the things. */
  readonly #awaited = new Map<string, Map<string, number>>();
  /** By the name of a queue: which of its waiters look at it soon, all or those of QEMPTY. */
  readonly #soon = new Map<string, "all" | "empty">();

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#waiters = new Waiters(clock);
  }

  /** The queues that somebody waits for. */
  queues(): Buffer[] {
    return [...this.#awaited.keys()].map((name) => Buffer.from(name, "latin1"));
  }

  /** Resolves with what a look found, or with null at the end of the time. As Waiters.wait(). */
  async wait<T>({ queue, id, timeoutMs, look, signal }: Awaited<T>): Promise<T | null> {
    const key = keyOf(queue, id);
    this.#count(nameOf(queue), nameOf(key), 1);
    try {
      return await this.#waiters.wait({ queues: [key], timeoutMs, attempt: look, signal });
    } finally {
      this.#count(nameOf(queue), nameOf(key), -1);
    }
  }

  /** An operation of this process was done, with that result. */
  done(operation: Operation, result: unknown): void {
    const isNothing = result === null || result === false;
    if (this.#waiters.size === 0 || (isNothing && operation.kind !== "flush")) return;
    switch (operation.kind) {
      case "ack":
      case "fail":
      case "cancel":
      case "crash":
        this.#ended(operation.queue, [operation]);
        break;
      case "ackBatch":
        this.#ended(operation.queue, operation.claims);
        break;
      case "remove":
      case "move":
        this.#ended(operation.queue, operation.targets);
        break;
      case "redo":
        this.#lookSoon(operation.queue, "empty");
        break;
      case "pop":
      case "popBatch":
        if (operation.leaseMs === 0) this.#popped(result as Popped | Popped[] | null);
        break;
      case "listPop":
      case "listMove":
        for (const { popped } of listChanges(operation, result)) this.#popped(popped!);
        break;
      case "listRemove":
      case "listTrim":
        this.ended(operation.queue);
        break;
      case "flush":
        this.ended(operation.queue);
        break;
      case "streamTake":
      case "streamAck":
      case "streamNack":
        this.#streamed(operation, result);
        break;
      case "streamAdd":
        if (operation.trim) this.ended(operation.queue);
        break;
      case "streamTrim":
      case "streamRemove":
      case "streamClaim":
      case "streamDestroyGroup":
      case "streamDeleteConsumer":
        this.ended(operation.queue);
        break;
      case "tick":
        if ((result as number) > 0) this.queues().forEach((queue) => this.ended(queue));
    }
  }

  /** Something may have ended in that queue: all who wait there look soon. */
  ended(queue: Buffer): void {
    this.#lookSoon(queue, "all");
  }

  /** All look: something may have ended without a word. */
  lookAll(): void {
    for (const awaited of this.#awaited.values()) {
      for (const key of awaited.keys()) this.#wake(awaited, key);
    }
  }

  #streamed(operation: StreamOperation, result: unknown): void {
    const ended = (queue: Buffer, id: Buffer) => this.#ended(queue, [{ id }]);
    const listener: StreamListener = {
      pushed: () => {},
      popped: (popped, claimant) => {
        if (claimant === null) this.#popped(popped);
      },
      acked: ended,
      failed: ended,
    };
    tellStreamChanges(operation, result, listener);
    if (operation.kind !== "streamNack" || typeof result === "string") return;
    this.#lookSoon((result as StreamEnded<FailOutcome>).queue, "empty");
  }

  #popped(result: Popped | Popped[] | null): void {
    const popped = [result ?? []].flat();
    for (const event of popped) this.#ended(event.queue, [event]);
  }

  #ended(queue: Buffer, events: { id: Buffer }[]): void {
    const awaited = this.#awaited.get(nameOf(queue));
    if (!awaited) return;
    for (const { id } of events) this.#wake(awaited, nameOf(keyOf(queue, id)));
    this.#lookSoon(queue, "empty");
  }

  #lookSoon(queue: Buffer, who: "all" | "empty"): void {
    const name = nameOf(queue);
    const awaited = this.#awaited.get(name);
    if (!awaited) return;
    const isSoon = this.#soon.has(name);
    if (!isSoon || who === "all") this.#soon.set(name, who);
    if (isSoon) return;
    const pauseMs = Math.min(PAUSE_MS_MAX, Math.max(PAUSE_MS, awaited.size * PAUSE_EACH_MS));
    this.#clock.after(pauseMs, () => this.#look(queue, name));
  }

  #look(queue: Buffer, name: string): void {
    const awaited = this.#awaited.get(name) ?? new Map<string, number>();
    const isEmptyOnly = this.#soon.get(name) === "empty";
    this.#soon.delete(name);
    const keys = isEmptyOnly ? [nameOf(keyOf(queue, null))] : awaited.keys();
    for (const key of keys) this.#wake(awaited, key);
  }

  /** All who wait for that. */
  #wake(awaited: Map<string, number>, key: string): void {
    this.#waiters.wake(Buffer.from(key, "latin1"), awaited.get(key) ?? 0);
  }

  #count(queue: string, key: string, difference: number): void {
    const awaited = this.#awaited.get(queue) ?? new Map<string, number>();
    const count = (awaited.get(key) ?? 0) + difference;
    if (count > 0) awaited.set(key, count);
    else awaited.delete(key);
    if (awaited.size > 0) this.#awaited.set(queue, awaited);
    else this.#awaited.delete(queue);
  }
}

/** Different for each pair. */
function keyOf(queue: Buffer, id: Buffer | null): Buffer {
  const own = id === null ? [] : [Buffer.from("="), id];
  return Buffer.concat([Buffer.from(`${queue.length}:`), queue, ...own]);
}
