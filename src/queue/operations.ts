// The operations of a store and their results: plain data, with no type of a database. An event
// moves between states; each operation names the states before and after it. A tick moves the
// events that are due. Times are those of the store's clock, in ms since 1970.
//
//   push -> ready | delayed           delayed -> ready     when it is due, at the left end
//   pop: ready -> claimed | gone      claimed -> as after a crash, when its lease ends
//   ack: claimed -> gone | completed  ready, delayed -> gone | failed when its TTL ends
//   redo: claimed -> ready | delayed
//   fail, crash: claimed -> ready | delayed (backoff) | failed (last attempt, or final)
//   retry: failed, delayed after a failure -> ready
//
// The line of the events of one priority, the next event out first:
// 1. events put at the right end (by a push, a redo or a retry), the latest first
// 2. events that came back by a failure or crash without backoff, in the order in which their
//    leases began
// 3. the other events, oldest first
// Higher priorities come first. Events of a group have a line of their own: see groups.ts.
//
// An event that has failed for good moves on to the queue of failed-to, if that takes it. The queue
// that is the failed-to of all queues leads nowhere (see failedToOf), and the others make no
// circle. Its headers okq-from, okq-error, okq-attempts, okq-failed-at, and okq-id if it gets
// another id, replace those of the same names.
//
// Queues that are bound to another one get a copy of whatever enters that one: see bindings.ts.
//
// A time that has passed, and a delay of 0, are as none. What fails or expires in a Tick has failed
// at the time of that Tick.
import type { Bind, BindOutcome, Unbind } from "./bindings.ts";
import type { CronOperation, CronResults } from "./cron-operations.ts";
import type {
  Duplicate,
  End,
  Event,
  EventFacts,
  FailOutcome,
  Popped,
  PushOptions,
  When,
} from "./event.ts";
import type { CounterOperation, CounterResults } from "./counters.ts";
import type {
  Cancel,
  CancelOutcome,
  Configure,
  ConfigureOutcome,
  Count,
  CountOutcome,
  EventPage,
  Flush,
  Get,
  List,
  Move,
  Pause,
  Peek,
  Ready,
  Remove,
  Resume,
  Retry,
  Scan,
  SetEvent,
  Settings,
  Stats,
  Status,
} from "./management.ts";
import type { ListOperation, ListResults } from "./lists.ts";
import type { History, QueueHistory } from "./history.ts";
import type { GroupFacts, GroupPage, GetGroup, ScanGroups, SetGroup } from "./groups.ts";
import type { QueuePage, QueueStats, QueueStatus } from "./queue-status.ts";
import type { SetOperation, SetResults } from "./sets.ts";
import type { StreamOperation, StreamResults } from "./streams.ts";

/**
 * Puts an event in the line, or among the delayed ones. The result is its id, or a Duplicate if an
 * event with that id is ready, delayed, claimed or failed; a completed event of that id is
 * replaced. While a dedupe window of the id lasts, the id is taken too, by an event that is
 * completed or gone: such a push is a Duplicate, or with "keep" its id, and changes nothing. If the
 * unique key of the push is taken, the result is that of a push with the id of the event that has
 * taken it; if id and key belong to two events, it is a Duplicate of the id. A push
 * that adds or replaces an event takes a window for its id, if the queue has dedupe windows and the
 * store did not make the id. Refused with "PAUSED", which is judged first, or with "QUEUEFULL" if
 * it would add an event to a full queue: a Duplicate, and an event that is kept or replaced, need
 * no room.
 */
export interface Push {
  kind: "push";
  queue: Buffer;
  end: End;
  /** null: the store makes one, see made ids in the README. */
  id: Buffer | null;
  contents: Buffer;
  /** null: those of NO_OPTIONS. */
  options: PushOptions | null;
}

/**
 * Pushes all of them in one step, or refuses all: there must be room for all that it would add. Of
 * equal ids the second is a Duplicate of the first. With drop-oldest it is refused if it has more
 * events than the queue may have; else what it would add first drops as many of the others as it
 * needs, but none with an id of this batch. The id of a dropped event is free at once.
 */
export interface PushBatch {
  kind: "pushBatch";
  queue: Buffer;
  end: End;
  events: { id: Buffer | null; contents: Buffer }[];
  /** Without a unique key: all of them would have it. */
  options: PushOptions;
}

/**
 * Takes the event that is next out and claims it; null if there is none that may be handed out.
 * With a lease of 0 it is an acknowledgement too, see Ack.
 */
export interface Pop {
  kind: "pop";
  queue: Buffer;
  /** 0 removes the event at once. null: its own lease, else that of its queue. */
  leaseMs: number | null;
  /**
   * Who claims it, as claimant.ts writes it; then the claim has a token. null: it has none, and
   * shows nobody.
   */
  claimant: Buffer | null;
}

/**
 * As Pop, up to `count` events from the first of these queues that has any, and then from those
 * behind it; stops behind BATCH_CONTENTS_BYTES. A store of several parts takes them part by part;
 * it fails only if nothing was popped.
 */
export interface PopBatch {
  kind: "popBatch";
  queues: Buffer[];
  count: number;
  leaseMs: number | null;
  claimant: Buffer;
}

/** After so many bytes of contents a batch takes no more events. */
export const BATCH_CONTENTS_BYTES = 1024 * 1024;

/**
 * Undoes a pop: the event gets its old rank in the line with everything that it had, as if it had
 * not been popped. False if this claim has ended, or if the pop removed the event and its id was
 * pushed again. A store never refuses it for lack of room, nor because of a setting or a pause.
 * If the pop counted the event down, it is not counted any more. A counter that was at 0 by that is
 * there again, and only this event is left of it: unless its own event was handed out since.
 */
export interface Unpop {
  kind: "unpop";
  queue: Buffer;
  popped: Popped;
}

/** Names a claim. token null: whichever claim the event has. */
export interface Claim {
  id: Buffer;
  token: Buffer | null;
}

/**
 * Ends a claim: the event is gone, or completed. False if that claim is not there. If the event is
 * a member of a counter, this is also a CountDown, and refused as one.
 */
export interface Ack extends Claim {
  kind: "ack";
  queue: Buffer;
  /** Kept with a completed event. */
  result: Buffer | null;
}

/** Ends each of these claims in one step, or is refused as a whole. */
export interface AckBatch {
  kind: "ackBatch";
  queue: Buffer;
  claims: Claim[];
}

/**
 * Ends a claim and counts nothing: ready again at the right end (start null), or delayed. False if
 * that claim is not there.
 */
export interface Redo extends Claim {
  kind: "redo";
  queue: Buffer;
  start: When | null;
}

/** Ends a claim as a failure. null if that claim is not there. */
export interface Fail extends Claim {
  kind: "fail";
  queue: Buffer;
  /** null: noted as an empty text. */
  error: Buffer | null;
  /** When its next attempt may begin. "backoff": as the event or its queue says. */
  next: When | "backoff" | "final";
}

/** Ends a claim as if its lease had ended. False if that claim is not there. */
export interface Crash extends Claim {
  kind: "crash";
  queue: Buffer;
}

/** Makes the lease of a claim end so long from now. */
export interface Touch extends Claim {
  kind: "touch";
  queue: Buffer;
  /** null: as long as when it was popped. */
  leaseMs: number | null;
  progress: Buffer | null;
  /** One line more in its log. */
  log: Buffer | null;
}

/** "cancelled": done too, and its consumer should stop. null if that claim is not there. */
export type TouchOutcome = "touched" | "cancelled" | null;

/** Touches each of these claims in one step. */
export interface TouchBatch {
  kind: "touchBatch";
  queue: Buffer;
  claims: Claim[];
  leaseMs: number | null;
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
 * Ends the leases, delays, TTLs and pauses whose time has come. Removes completed and failed events
 * that were kept long enough. Forgets unused queues, and windows that have ended. Moves at most
 * `limit` events, in each queue in order of their time, events with the same deadline in the order
 * of their claims. Their ranks in the line do not depend on how many are moved at a time. The store
 * chooses which queues come first. A store of several parts moves as many in each; with
 * `parts: "due"` it looks only at parts where, as far as this process knows, something is due, and
 * with "some" also at a few others, in turn.
 */
export interface Tick {
  kind: "tick";
  limit: number;
  parts: "due" | "some" | "all";
}

export interface Ticked {
  /**
   * How many were moved, or `limit` or more if there is more to do at once: a store may do other
   * work in steps, and say so although it moved fewer.
   */
  moved: number;
  /** The parts that it has looked at where cron entries are due: it leaves these alone. */
  cronParts: number[];
}

/** Writes something invisible in every part of the store. Succeeds where a push would. */
export interface Probe {
  kind: "probe";
}

/**
 * Does these operations (see mayBeInTransaction) in this order, as one: nothing comes between them,
 * and all are done or none, whatever happens to the store. The result has one of each.
 *
 * What may be refused is judged before the first one, for each push in their order: "PAUSED" if its
 * queue takes no pushes; "QUEUEFULL" if it has no room for all that these pushes add so far, with
 * duplicates, whatever the others remove; with drop-oldest, if it may not have as many events as
 * this push adds. Then no push is refused. Nothing is done if the store has no room for a push.
 * Once the results have more than BATCH_CONTENTS_BYTES of contents, pops and peeks find nothing.
 */
export interface Transaction {
  kind: "transaction";
  operations: Operation[];
}

export type Operation =
  | Push
  | PushBatch
  | Pop
  | PopBatch
  | Unpop
  | Ack
  | AckBatch
  | Redo
  | Fail
  | Crash
  | Touch
  | TouchBatch
  | Peek
  | Get
  | Scan
  | Remove
  | Retry
  | Move
  | SetEvent
  | Cancel
  | Count
  | Stats
  | History
  | GetGroup
  | ScanGroups
  | SetGroup
  | Flush
  | Settings
  | Configure
  | Pause
  | Resume
  | Bind
  | Unbind
  | Status
  | List
  | Ready
  | Register
  | Tick
  | Probe
  | CounterOperation
  | CronOperation
  | ListOperation
  | SetOperation
  | StreamOperation
  | Transaction;

export interface Results
  extends CounterResults, CronResults, ListResults, SetResults, StreamResults {
  push: Buffer | Duplicate;
  pushBatch: (Buffer | Duplicate)[];
  pop: Popped | null;
  popBatch: Popped[];
  unpop: boolean;
  ack: boolean;
  ackBatch: boolean[];
  redo: boolean;
  fail: FailOutcome;
  crash: boolean;
  touch: TouchOutcome;
  touchBatch: TouchOutcome[];
  peek: Event | null;
  get: EventFacts | null;
  scan: EventPage;
  remove: boolean[];
  retry: boolean[];
  move: boolean[];
  set: boolean;
  cancel: CancelOutcome;
  count: CountOutcome;
  stats: QueueStats;
  history: QueueHistory;
  group: GroupFacts;
  groups: GroupPage;
  setGroup: boolean;
  flush: null;
  settings: ReadonlyMap<string, string>;
  configure: ConfigureOutcome;
  pause: boolean;
  resume: null;
  bind: BindOutcome;
  unbind: boolean;
  status: QueueStatus[];
  list: QueuePage;
  ready: Buffer | null;
  register: null;
  tick: Ticked;
  probe: null;
  /** Of each operation its result. */
  transaction: unknown[];
}

export type ResultOf<O extends Operation> = Results[O["kind"]];
