// The operations of a store and their results: plain data, with no type of a database. An event
// moves between states; each operation says from which states to which. What is due moves by itself
// (see Tick). Times are those of the store's clock, in ms since 1970.
//
//   push -> ready | delayed           delayed -> ready     when it is due, at the left end
//   pop: ready -> claimed | gone      claimed -> as after a crash, when its lease ends
//   ack: claimed -> gone | completed  ready, delayed -> gone | failed when its TTL ends
//   redo: claimed -> ready | delayed
//   fail, crash: claimed -> ready | delayed (backoff) | failed (last attempt, or final)
//   retry: failed, delayed after a failure -> ready
//
// The line of a queue, the next event out first:
// 1. events put at the right end (by a push, a redo or a retry), the latest first
// 2. events that came back by a failure or crash without backoff, in the order in which their
//    leases began
// 3. the other events, oldest first
//
// A time that has passed, and a delay of 0, are as none. What fails or expires in a Tick has failed
// at the time of that Tick.
import type {
  Duplicate,
  End,
  Event,
  EventFacts,
  Popped,
  PushOptions,
  State,
  When,
} from "./event.ts";
import type { Direction, QueuePage, QueueStatus } from "./queue-status.ts";

/**
 * Puts an event in the line, or among the delayed ones. The result is its id, or a Duplicate if an
 * event with that id is ready, delayed, claimed or failed; a completed event of that id is
 * replaced. Refused with "PAUSED", which is judged first, or with "QUEUEFULL" if it would add an
 * event to a full queue: a Duplicate, and an event that is kept or replaced, need no room.
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
 * equal ids the second is a Duplicate of the first.
 */
export interface PushBatch {
  kind: "pushBatch";
  queue: Buffer;
  end: End;
  events: { id: Buffer | null; contents: Buffer }[];
  options: PushOptions;
}

/** Takes the event that is next out and claims it; null if there is none that may be handed out. */
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

/** Ends a claim: the event is gone, or completed. False if that claim is not there. */
export interface Ack extends Claim {
  kind: "ack";
  queue: Buffer;
  /** Kept with a completed event. */
  result: Buffer | null;
}

/** Ends each of these claims in one step. */
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

/** "removed": it had been cancelled. */
export type FailOutcome = "ready" | "delayed" | "failed" | "removed" | null;

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

/** Shows the ready event at that end. */
export interface Peek {
  kind: "peek";
  queue: Buffer;
  end: End;
}

/** All that is known of an event. */
export interface Get {
  kind: "get";
  queue: Buffer;
  id: Buffer;
}

/**
 * A page of the events in one state: ready, next one out first; delayed, next due first; claimed,
 * first lease to end; failed and completed, in the order in which they became so. Meanwhile events
 * come and go: for the ready ones, nothing that stays is missed as long as fewer than 1,000 leave
 * the line between two pages; some may come twice. A page may be short or empty; only a null `next`
 * is the end.
 */
export interface Scan {
  kind: "scan";
  queue: Buffer;
  state: State;
  /** `next` of the page before; null for the first one. */
  after: Buffer | null;
  limit: number;
  isReverse: boolean;
  /** Without, contents, errors and log are left out. */
  isWhole: boolean;
}

/** `next` is the `after` of the following page, null on the last page. */
export interface EventPage {
  events: EventFacts[];
  next: Buffer | null;
}

/** An event to change, if it still has the version that it had when it was selected. */
export interface Target {
  id: Buffer;
  /** Of EventFacts. null: any. */
  version: string | null;
}

/** Removes events that are not claimed. The result says for each whether it was removed. */
export interface Remove {
  kind: "remove";
  queue: Buffer;
  targets: Target[];
}

/**
 * Makes failed events ready, and delayed ones that have failed or crashed. Failures and crashes are
 * counted from 0, errors stay, a TTL starts again.
 */
export interface Retry {
  kind: "retry";
  queue: Buffer;
  targets: Target[];
  end: End;
}

/** Removes every event of a queue, in all states. Settings and pauses stay. */
export interface Flush {
  kind: "flush";
  queue: Buffer;
}

/** The settings that were given to a queue, or (null) to all queues. */
export interface Settings {
  kind: "settings";
  queue: Buffer | null;
}

/**
 * Gives a queue, or (null) all queues, these settings; a null value takes one back. All or none.
 * They are valid by themselves. "cycle": the failed-to of this queue would lead back to it, or over
 * more than 16 queues. One for all queues is never a cycle: an event whose failed-to is its own
 * queue stays there.
 */
export interface Configure {
  kind: "configure";
  queue: Buffer | null;
  values: [name: string, value: string | null][];
}

export type ConfigureOutcome = "ok" | "cycle";

/** From then on pushes (in) are refused or nothing is handed out (out), for so long or for ever. */
export interface Pause {
  kind: "pause";
  queue: Buffer;
  directions: Direction[];
  forMs: number | null;
  /** Only pops of this worker; "out" only. */
  worker: Buffer | null;
}

/** Ends pauses: those of the queue, or that of the worker. */
export interface Resume {
  kind: "resume";
  queue: Buffer;
  directions: Direction[];
  worker: Buffer | null;
}

/** Counts events and consumers, in the order asked. They are 0 for a queue that does not exist. */
export interface Status {
  kind: "status";
  queues: Buffer[];
}

/**
 * A page of the queues that have events in any state, consumers, settings of their own or pauses.
 * They are in ascending order of their bytes and begin after `after`. It has at most `limit`
 * queues, or in a store of several parts, such as a cluster, as many from each.
 */
export interface List {
  kind: "list";
  after: Buffer | null;
  limit: number;
}

/** The first of these queues that has an event which may be handed out now. */
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
 * Does what is due: leases that ended, delayed events, TTLs, pauses, completed and failed events
 * that were kept long enough. Forgets unused queues. Moves at most `limit` events, in each queue in
 * order of their time, events with the same deadline in the order of their claims. Their ranks in
 * the line do not depend on how many are moved at a time. The store chooses which queues come
 * first. A store of several parts moves as many in each; with `parts: "due"` it looks only at parts
 * where, as far as this process knows, something is due, and with "some" also at a few others, in
 * turn. The result is how many were moved. If `limit` or more, there may be more to move.
 */
export interface Tick {
  kind: "tick";
  limit: number;
  parts: "due" | "some" | "all";
}

/** Writes something invisible in every part of the store. Succeeds where a push would. */
export interface Probe {
  kind: "probe";
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
  | Flush
  | Settings
  | Configure
  | Pause
  | Resume
  | Status
  | List
  | Ready
  | Register
  | Tick
  | Probe;

export interface Results {
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
  flush: null;
  settings: ReadonlyMap<string, string>;
  configure: ConfigureOutcome;
  pause: null;
  resume: null;
  status: QueueStatus[];
  list: QueuePage;
  ready: Buffer | null;
  register: null;
  tick: number;
  probe: null;
}

export type ResultOf<O extends Operation> = Results[O["kind"]];
