// The contract of a store: typed operations in, typed results out. All stores implement it, and
// test/stores/contract.ts is its executable form. No type of a database appears here.
import type { StoreError } from "./errors.ts";

/** An id, unique in its queue while the event is there, and contents. Both are any bytes. */
export interface Event {
  id: Buffer;
  contents: Buffer;
}

/** A popped event, and the values with which the store can undo the pop. */
export interface Popped extends Event {
  /** Different from every other claim that the event has had or will have. */
  claim: number;
  /** The event's rank in the line; null when the rank follows from the claim. */
  place: number | null;
}

/** Events are pushed at either end; the right-most ready event is the next one out. */
export type End = "left" | "right";

/**
 * The line of a queue, the next event out first:
 * 1. events put at the right end (by a push or a redo), the latest first
 * 2. events whose lease ended, in the order in which the leases began
 * 3. the other events, oldest first
 */

/** Puts an event in the line. "duplicate" if that id is ready or claimed; then nothing changes. */
export interface Push {
  kind: "push";
  queue: Buffer;
  end: End;
  id: Buffer;
  contents: Buffer;
}

/** Takes the right-most ready event and claims it for leaseMs; 0 removes it at once. */
export interface Pop {
  kind: "pop";
  queue: Buffer;
  leaseMs: number;
}

/**
 * Undoes a pop: the event gets its old rank in the line, as if it had not been popped. Does nothing
 * if this claim has ended, or if the pop removed the event and its id was pushed again. A store
 * never refuses it for lack of room.
 */
export interface Unpop {
  kind: "unpop";
  queue: Buffer;
  leaseMs: number;
  popped: Popped;
}

/** Shows the ready event at that end. */
export interface Peek {
  kind: "peek";
  queue: Buffer;
  end: End;
}

/** Ends the claim on an event. The event is gone, or with redo ready again at the right end. */
export interface Ack {
  kind: "ack";
  queue: Buffer;
  id: Buffer;
  redo: boolean;
}

/** Removes every ready and claimed event of a queue. */
export interface Flush {
  kind: "flush";
  queue: Buffer;
}

/** Counts events and consumers, in the order asked. They are 0 for a queue that does not exist. */
export interface Status {
  kind: "status";
  queues: Buffer[];
}

/**
 * A page of the active queues, in ascending order of their bytes, beginning after `after`. It has
 * at most `limit` queues, or in a store of several parts, such as a cluster, as many from each.
 */
export interface List {
  kind: "list";
  after: Buffer | null;
  limit: number;
}

/** The first of these queues that has a ready event. */
export interface Ready {
  kind: "ready";
  queues: Buffer[];
}

/**
 * Sets how many consumers this okq process has on each of these queues. Other queues keep their
 * count, or with isReset have none. The store drops the counts of a process that sends no register
 * for 30 seconds.
 */
export interface Register {
  kind: "register";
  consumers: { queue: Buffer; count: number }[];
  isReset: boolean;
}

/**
 * The periodic work of a store. It forgets unused queues and requeues at most `limit` events whose
 * lease has expired, in each queue in ascending order of deadline, events with the same deadline in
 * the order of their claims. Their ranks in the line do not depend on how many are requeued at a
 * time. The store chooses which queues come first. A store of several parts requeues as many in
 * each; with `parts: "due"` it looks only at parts where, as far as this process knows, a lease has
 * expired, and with "some" also at a few others, in turn.
 */
export interface Reclaim {
  kind: "reclaim";
  limit: number;
  parts: "due" | "some" | "all";
}

/** Writes something invisible in every part of the store. Succeeds where a push would. */
export interface Probe {
  kind: "probe";
}

export type Operation =
  Push | Pop | Unpop | Peek | Ack | Flush | Status | List | Ready | Register | Reclaim | Probe;

export interface QueueStatus {
  queue: Buffer;
  /** Ready and claimed events. */
  total: number;
  /** Claimed events. */
  processing: number;
  consumers: number;
}

/** `next` is the `after` of the following page, null on the last page. */
export interface QueuePage {
  queues: QueueStatus[];
  next: Buffer | null;
}

export interface Results {
  push: "ok" | "duplicate";
  pop: Popped | null;
  /** Whether the event is in the line again. */
  unpop: boolean;
  peek: Event | null;
  /** Whether the event was claimed. */
  ack: boolean;
  flush: null;
  status: QueueStatus[];
  list: QueuePage;
  ready: Buffer | null;
  register: null;
  /** How many were requeued. If `limit` or more, there may be more to requeue. */
  reclaim: number;
  probe: null;
}

export type ResultOf<O extends Operation> = Results[O["kind"]];

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

/**
 * Called when any process makes events of a queue ready, with the queue and their number. This may
 * be before or after the operation that did it is answered.
 */
export type ReadyListener = (queue: Buffer, count: number) => void;

export interface Store {
  session(): Session;
  /**
   * Once the promise has resolved, the ReadyListener is also told of events that become ready
   * through other processes, unless a message is lost.
   */
  watch(): Promise<void>;
  /**
   * Whether a reclaim has something to do now, as far as this process knows. A message between
   * processes may be lost, so reclaim all parts now and then.
   */
  isDue(): boolean;
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
