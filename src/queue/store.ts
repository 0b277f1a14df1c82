// The contract of a store: typed operations in, typed results out. All stores implement it, and
// test/stores/contract.ts is its executable form. No type of a database appears here.
import type { StoreError } from "./errors.ts";
import type { Operation, ResultOf } from "./operations.ts";
import type { Counted } from "./queue-status.ts";
import type { Message, Report } from "./report.ts";

/** Receives the outcome of an operation, once. A success is as durable as the store makes it. */
export interface Receiver<R> {
  succeeded(result: R): void;
  /** The error says what became of the operation. */
  failed(error: StoreError): void;
}

/**
 * One client's operations. They take effect in the order of submission, also across queues. Between
 * sessions the order is free. Buffers of an operation and of a result must not be changed: the
 * store may keep them.
 *
 * An operation that fails has changed nothing, unless its outcome is unknown. Operations that the
 * session submitted after it, before its receiver was told, fail too and are not done, in any part
 * of the store. There are two exceptions: operations written together with an operation of unknown
 * outcome have an unknown outcome too, and a register may be done, since it is repeated. Later
 * operations and those of other sessions are done. "duplicate", false and null are results, not
 * failures. Failures helps a store with it.
 */
export abstract class Session {
  abstract submit<O extends Operation>(operation: O, receiver: Receiver<ResultOf<O>>): void;

  /** Submits, and rejects with a StoreError. */
  ask<O extends Operation>(operation: O): Promise<ResultOf<O>> {
    return new Promise((resolve, reject) => {
      this.submit(operation, { succeeded: resolve, failed: reject });
    });
  }
}

/** As a number of events: more than there ever are. */
export const GROUP_ENDED = 2 ** 31;

/**
 * Called when any process makes events of a queue ready, with the queue and their number. This may
 * be before or after the operation that did it is answered. At least GROUP_ENDED: a group of a
 * stream has ended, and this was its queue.
 */
export type ReadyListener = (queue: Buffer, count: number) => void;

/** See StoreError. */
export type BatchResult = "done" | StoreError["failure"];

/**
 * Is told what a store does. Must not throw. What a tick does to events, and how else events crash,
 * expire or are dropped, the store counts itself.
 */
export interface StoreObserver {
  /**
   * A batch of so many operations has ended, so long after it began. Single operations of a batch
   * that is done may have been refused.
   */
  batchEnded?(size: number, tookMs: number, result: BatchResult): void;
  /** A store of one process counted that for its queues, beside what results tell. */
  tallied?(what: Counted, times: number): void;
  /** This process did an operation, with that result, at that time of the store. */
  done(operation: Operation, result: unknown, nowMs: number): void;
  /** Whether the store is to report what follows; absent: never. */
  readonly wantsReports?: boolean;
  /**
   * What no result tells: claims that failed or crashed, events that expired or came from another
   * queue, and those that a push with "keep" added. On a store of several processes reports go
   * through its exchange instead.
   */
  reported?(report: Report): void;
}

/** Called when a claim or an event may have ended in a queue, in any process. */
export type EndedListener = (queue: Buffer) => void;

/** What a process is told of a queue: for the ReadyListener, or for the EndedListener. */
export type Topic = "ready" | "ended";

/** Called when dueInMs() became less than before, also through another process. */
export type DueListener = () => void;

/** Texts that the processes on one store leave for each other. They reject with a StoreError. */
export interface Notes {
  /** In the place of the one before, for 30 seconds; empty for none. */
  leave(note: string): Promise<void>;
  /** Those of the other processes. */
  others(): Promise<string[]>;
}

/** Messages between the processes on one store. One may be lost, and none waits for another. */
export interface ReportExchange {
  /**
   * As Notes.leave(), and tells the others that there is a new note. From then on, as long as there
   * is one, messages of all processes come in, also its own. Rejects with a StoreError.
   */
  leave(note: string): Promise<void>;
  /** The notes of the other processes. */
  others(): Promise<string[]>;
  /** To all processes that listen. */
  send(message: Message): void;
}

export interface Store {
  session(): Session;
  /**
   * Once the promise has resolved, the listener is also told of these queues what happens through
   * other processes, for half a minute from the call, unless a message is lost.
   */
  watch(queues: Buffer[], topic: Topic): Promise<void>;
  /** Queues with different numbers are in parts that fail apart. Absent if there is one part. */
  partOf?(queue: Buffer): number;
  /**
   * In how many ms a tick has something to do, as far as this process knows: 0 for now, Infinity
   * for never. A message between processes may be lost, so tick all parts now and then.
   */
  dueInMs(): number;
  /** Absent if the store is of one process. */
  readonly notes?: Notes;
  /** Absent if the store is of one process. */
  readonly reports?: ReportExchange;
  /** Facts that INFO shows, as name and value. */
  describe(): [string, string | number][];
  /**
   * Writes a copy of everything into a new file while the store goes on. The copy has every change
   * that was answered before the call. Rejects with a StoreError. Absent if another program keeps
   * the queues.
   */
  backup?(file: string): Promise<void>;
  /** Finishes the operations in progress, then closes connections and files. */
  close(): Promise<void>;
}
