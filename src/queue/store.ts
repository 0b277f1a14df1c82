// The contract between queues and what keeps them: typed operations in, typed results out.
// Both stores implement it and test/stores/contract.ts is its executable form. No type of a
// database appears here.
import type { StoreError } from "./errors.ts";

/** An id, unique in its queue while the event is there, and contents. Both are plain bytes. */
export interface Event {
  id: Buffer;
  contents: Buffer;
}

/** A popped event, with all that it takes to undo the pop. Only the store understands the rest. */
export interface Popped extends Event {
  /** Different from every other claim that the event had or will have. */
  claim: number;
  /** The event's place in line; null when the place follows from the claim. */
  place: number | null;
}

/** Events are pushed at either end; the right-most ready event is the next one out. */
export type End = "left" | "right";

/**
 * The line of a queue, the next event out first: first events put at the right end (by a push there
 * or a redo), the latest first; then events whose lease ended, in the order in which the leases
 * began; then the rest, oldest first.
 */

/** Puts an event in line. "duplicate" when that id is ready or claimed there; nothing changes. */
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
 * Undoes a pop: the event gets its old place in line, as if it had not been popped. Does nothing
 * when this claim has ended, or when the pop removed the event and its id was pushed again. A store
 * never refuses it for lack of room.
 */
export interface Unpop {
  kind: "unpop";
  queue: Buffer;
  leaseMs: number;
  popped: Popped;
}

/** Shows the event at that end of the ready ones. */
export interface Peek {
  kind: "peek";
  queue: Buffer;
  end: End;
}

/** Ends the claim on an event: it is gone, or with redo ready again at the right end. */
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

/** Counts, in the order asked; a queue that is not there counts 0. */
export interface Status {
  kind: "status";
  queues: Buffer[];
}

/**
 * A page of active queues, ascending by bytes, that come after `after`: at most `limit` of them,
 * times the number of parts in a store that has several.
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
 * How many consumers this okq process has on each queue now (0 takes it off). Queues not named
 * keep their count, or with isReset have none. Counts of a process that stops saying so disappear
 * within 30 seconds.
 */
export interface Register {
  kind: "register";
  consumers: { queue: Buffer; count: number }[];
  isReset: boolean;
}

/**
 * The periodic work of a store: forgets what is gone, and ends at most `limit` leases whose
 * deadline is now or earlier. The events are ready again, in each queue in ascending order of
 * deadline, those with the same deadline in the order of their claims. Their places in line do not
 * depend on how many are moved at a time. Which queues come first is the store's choice. A store of
 * several parts moves as many in each, and with `parts: "due"` looks only at those of which this
 * process heard that something is due.
 */
export interface Reclaim {
  kind: "reclaim";
  limit: number;
  parts: "due" | "all";
}

/** Writes something that nobody sees, everywhere: it succeeds where a push would be accepted. */
export interface Probe {
  kind: "probe";
}

export type Operation =
  Push | Pop | Unpop | Peek | Ack | Flush | Status | List | Ready | Register | Reclaim | Probe;

export interface QueueStatus {
  queue: Buffer;
  /** Ready and claimed together. */
  total: number;
  /** Claimed. */
  processing: number;
  consumers: number;
}

/** `next` is where the following page starts (its `after`), null on the last one. */
export interface QueuePage {
  queues: QueueStatus[];
  next: Buffer | null;
}

export interface Results {
  push: "ok" | "duplicate";
  pop: Popped | null;
  /** Whether the event is in line again. */
  unpop: boolean;
  peek: Event | null;
  /** Whether the event was claimed. */
  ack: boolean;
  flush: null;
  status: QueueStatus[];
  list: QueuePage;
  ready: Buffer | null;
  register: null;
  /** How many were moved; `limit` of them or more means that there may be more. */
  reclaim: number;
  probe: null;
}

export type ResultOf<O extends Operation> = Results[O["kind"]];

/** Who submitted an operation, and is told of its end once: when the store has it for good. */
export interface Receiver<R> {
  succeeded(result: R): void;
  /** The error says what became of the operation. */
  failed(error: StoreError): void;
}

/**
 * One client's way into a store. Its operations take effect in the order of submission, also
 * across queues; the order between sessions is free. Buffers of an operation and of a result must
 * not be changed: the store may keep them.
 *
 * An operation that fails has changed nothing, unless its outcome is unknown. Operations that the
 * session submitted behind it, before its receiver was told, fail too and are not done, in any part
 * of the store. Two exceptions: operations written together with one of unknown outcome have an
 * unknown outcome too, and a register may be done, since it is repeated. Later operations are done,
 * and so are those of other sessions. "duplicate", false and null are results, not failures; a
 * refusal of a single operation (by a full queue, say) will be a failure. See Order.
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

/** Called with a queue and how many of its events became ready, for any reason, anywhere. */
export type ReadyListener = (queue: Buffer, count: number) => void;

export interface Store {
  session(): Session;
  /**
   * From when the promise settles on, events that become ready through other processes are
   * heard of too, as far as messages get through. Before, only those of this process.
   */
  watch(): Promise<void>;
  /**
   * Whether a reclaim has something to do now, as far as this process heard. A message between
   * processes may be lost, so all parts are to be looked at now and then.
   */
  isDue(): boolean;
  /** Facts for people, as name and value: INFO shows them. */
  describe(): [string, string | number][];
  /**
   * Writes a copy of everything into a new file, beside all else: what was answered before the
   * call is in it. Absent where another program keeps the queues. Rejects with a StoreError.
   */
  backup?(file: string): Promise<void>;
  /** Settles what is under way and lets go of connections and files. */
  close(): Promise<void>;
}
