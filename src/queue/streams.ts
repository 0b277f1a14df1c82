// Queues as streams: what Redis' stream commands do. The entries of a queue are its ready and
// claimed events, in the order of their places (see placeOf).
//
// A queue is a stream from the first StreamAdd into it while it has no events in any state, or from
// a StreamCreateGroup, until a Flush. A stream is there without events and consumers too, and keeps
// its latest id. A queue is a list from the first ListPush or ListMove into it while it has no
// events, until it has none; an undone pop does not make it one again. Any other queue is neither,
// and takes operations on lists and on streams. WRONG_TYPE, and nothing was done: an operation on
// streams met a list or the name of a set, one on lists met a stream or a set, one on sets met a
// stream or a queue with events.
//
// A group has a queue of its own. The first group of a stream is the queue itself: under the name
// with which it was created, and always under "default". Any other group is a bound queue:
// "<queue>@<group>", which gets a copy of whatever enters (see bindings.ts). Every queue that is
// bound to the queue is a group of it. Consumers of a group are the workers of its claims. A
// stream, also one of a further group, keeps the names of its consumers until they are deleted.
//
// A Flush of a stream ends its groups too: queues that are bound to it and are streams are unbound
// and flushed as well. Flush and Unbind do that to nothing else.
import type { FailOutcome, Popped } from "./event.ts";
import type { TOO_LARGE, WRONG_TYPE } from "./lists.ts";
import type { StreamId } from "./stream-ids.ts";

/** The name of the first group of any queue. */
export const DEFAULT_GROUP = Buffer.from("default");

/** So many entries are removed, shown or claimed at once; see also LIST_BYTES_MAX. */
export const STREAM_STEP_MAX = 10_000;

/** So many events are taken at once, or found to be given to another consumer. */
export const STREAM_TAKE_MAX = 1000;

/**
 * An operation that has to look at all claims of a queue, or at all ready events that are not where
 * a push on the left puts them, is TOO_LARGE with more than LIST_REACH of these (a StreamInfo: in
 * all its groups together). So is a StreamCreateGroup that would copy more, or more than
 * LIST_BYTES_MAX of contents.
 *
 * The other ready events are taken to stand in the order of their places, as StreamAdd pushes them.
 * Where other operations push as well, they stand about in it: ids that a store makes begin with
 * the time. If they do not (a client may choose ids that look like another time), a StreamRange may
 * miss some of them, and shows nothing that is not there.
 */
export type StreamTooLarge = typeof TOO_LARGE;

/** A stream keeps the names of so many consumers of a group; the one that was seen longest ago, of
 * those without claims, makes room for another. */
export const STREAM_CONSUMERS_MAX = 1000;

/** The group is not there: nothing was done. */
export const NO_GROUP = "no group";

/** The oldest ready events of the queue go, and of each queue in its tree. */
export interface StreamTrim {
  kind: "streamTrim";
  queue: Buffer;
  by: TrimBy;
  /** At most so many of a queue. */
  most: number;
}

/**
 * length: until the queue has no more than so many entries, or none that is ready; but nothing goes
 * as long as it would be fewer than `slack`. from: as long as the place of the next one out is
 * below that.
 */
export type TrimBy = { length: number; slack: number } | { from: StreamId };

/**
 * Pushes an event on the left. Its id is greater than all that the stream has had: the id given; or
 * with `seq` null the next one of that ms; or with `id` null one that the store makes, as for a
 * push without an id, or where that is not greater, the one behind the latest. (If other operations
 * have pushed an event of that id, an id that the store chooses is a later one.) No dedupe window
 * is looked for or taken. Then it trims. Refused as a Push.
 */
export interface StreamAdd {
  kind: "streamAdd";
  queue: Buffer;
  id: { ms: bigint; seq: bigint | null } | null;
  contents: Buffer;
  /** Only if the queue is a stream or has events: else null, and it is never refused. */
  ifThere: boolean;
  trim: Pick<StreamTrim, "by" | "most"> | null;
}

/** The id that was given is not greater than the latest one, or taken: nothing was done. */
export const SMALLER_ID = "smaller id";

/** There is no greater id than the latest one: nothing was done. */
export const NO_MORE_IDS = "no more ids";

/**
 * Removes ready and claimed events, in each queue of its tree. The result is how many were in the
 * queue itself.
 */
export interface StreamRemove {
  kind: "streamRemove";
  queue: Buffer;
  ids: Buffer[];
}

/** How many entries there are, and the latest id: see StreamLength. */
export interface StreamSize {
  length: number;
  lastId: StreamId;
}

/**
 * The latest id is the greatest that a StreamAdd of the stream gave, or FIRST_ID; in another queue
 * the place of the left-most ready event, or FIRST_ID.
 */
export interface StreamLength {
  kind: "streamLength";
  queue: Buffer;
}

/**
 * Up to `count` entries from one place to another, both included; the first ones, or if isReverse
 * the last ones, in that order. Entries of the same place come in any order. TOO_LARGE too if they
 * have more than LIST_BYTES_MAX of contents.
 */
export interface StreamRange {
  kind: "streamRange";
  queue: Buffer;
  from: StreamId;
  to: StreamId;
  count: number;
  isReverse: boolean;
}

export interface StreamEntry {
  id: Buffer;
  contents: Buffer;
}

/**
 * Pops up to `count` events of the group's queue, as a PopBatch does with the lease of that queue,
 * or isForGood with a lease of 0. NO_GROUP too if the queue is not there, but not for "default". A
 * stream notes the consumer, also if there is nothing.
 */
export interface StreamTake {
  kind: "streamTake";
  queue: Buffer;
  group: Buffer;
  claimant: Buffer;
  count: number;
  isForGood: boolean;
}

/** The queue of the group, which is that of the popped events too. */
export interface StreamTaken {
  queue: Buffer;
  popped: Popped[];
}

/**
 * Gives claims of the group's queue to another consumer, or to the same one anew: a new token, a
 * new lease as long as the one before. Claims that are not there, or began less than minIdleMs ago,
 * are passed over.
 *
 * isCounted: the claim that it had ends as by a Crash. If that was the last attempt, or it had been
 * cancelled, the event goes where a Crash brings it, and is not in the result. Else it is claimed
 * at once, whatever holds pops back, and without backoff. An Unpop ends such a claim too. Not
 * isCounted: its attempt stays, and there is nothing to undo. The stream notes the consumer.
 */
export interface StreamClaim {
  kind: "streamClaim";
  queue: Buffer;
  group: Buffer;
  claimant: Buffer;
  minIdleMs: number;
  which: ClaimsWanted;
  isCounted: boolean;
}

/**
 * Those of these ids, in that order; or the first `count` from that place on, in the order of their
 * places, isOwn: only those that the claimant's worker has.
 */
export type ClaimsWanted = { ids: Buffer[] } | { from: StreamId; count: number; isOwn: boolean };

export interface StreamClaimed {
  queue: Buffer;
  claimed: { popped: Popped; idleMs: number }[];
  /** With `from`: the place of the next claim, if `count` were found before it; else null. */
  next: StreamId | null;
}

/**
 * Acknowledges events of the group, whoever has claimed them. others:
 * - keep: other queues of the tree of the stream keep theirs
 * - remove: what is ready or claimed under these ids in any queue of that tree goes too
 * - count: as keep, and the result tells whether others have them
 * Refused as an AckBatch. A group that is not there has claimed nothing.
 */
export interface StreamAck {
  kind: "streamAck";
  queue: Buffer;
  group: Buffer;
  ids: Buffer[];
  others: "keep" | "remove" | "count";
}

/** none: the group has not claimed it. shared: acknowledged, and ready or claimed elsewhere. */
export type StreamAckOutcome = "none" | "acked" | "shared";

/** What became of each id, and the queue of the group; that of the stream if it is not there. */
export interface StreamEnded<T> {
  queue: Buffer;
  outcomes: T[];
}

/**
 * Ends claims of the group, whoever has them: as a Redo, a Fail with backoff, or one that is final,
 * with an empty error. The last id goes first, so that after redos the first one is next out.
 */
export interface StreamNack {
  kind: "streamNack";
  queue: Buffer;
  group: Buffer;
  ids: Buffer[];
  how: "redo" | "fail" | "final";
}

/** Claims of the group in the order of their places, from one place to another, both included. */
export interface StreamPending {
  kind: "streamPending";
  queue: Buffer;
  group: Buffer;
  from: StreamId;
  to: StreamId;
  count: number;
  /** Only those of this consumer. */
  consumer: Buffer | null;
  /** Only those that began so long ago. */
  minIdleMs: number;
}

export interface PendingClaim {
  id: Buffer;
  /** Empty if the claim has no worker. */
  consumer: Buffer;
  /** Since the claim began. */
  idleMs: number;
  /** Which attempt it is. */
  attempt: number;
}

/** Everything about a stream, or about another queue with events as if it were one; else null. */
export interface StreamInfo {
  kind: "streamInfo";
  queue: Buffer;
}

export interface StreamFacts extends StreamSize {
  /** The greatest id that a StreamRemove found in the queue; else FIRST_ID. */
  removedId: StreamId;
  /** By StreamAdd since it is a stream. */
  added: number;
  first: StreamEntry | null;
  last: StreamEntry | null;
  /**
   * The first group, if it was created, else as DEFAULT_GROUP if it has consumers; then the others
   * in the order in which they were bound.
   */
  groups: StreamGroup[];
}

export interface StreamGroup {
  name: Buffer;
  /**
   * The greatest place of what a StreamTake took since it is a stream; FIRST_ID if it is none.
   * After a restart it may be somewhat behind, and other claims of the consumers may count too.
   */
  deliveredId: StreamId;
  ready: number;
  pending: number;
  /** The claims with the smallest and the greatest place. */
  firstPending: Buffer | null;
  lastPending: Buffer | null;
  /** In the order of their names' bytes. Claims without a worker are those of an empty name. */
  consumers: StreamConsumer[];
}

export interface StreamConsumer {
  name: Buffer;
  pending: number;
  /**
   * Since the latest StreamTake or StreamClaim, and since one that took something, or -1. After a
   * restart they may be somewhat longer. Of a consumer whose name is not kept: since its latest
   * claim.
   */
  idleMs: number;
  inactiveMs: number;
}

/**
 * Creates the first group of the queue, which becomes a stream by that, or else binds a queue,
 * which becomes a stream, and copies entries with greater places than `after` into it, as if they
 * had entered now in the order of their places; "last": none. The first group has all entries in
 * any case. isMaking: also where there is no such stream and no events.
 */
export interface StreamCreateGroup {
  kind: "streamCreateGroup";
  queue: Buffer;
  group: Buffer;
  after: StreamId | "last";
  isMaking: boolean;
}

/**
 * Nothing was done with "exists": that group is there, or is "default" where the first group has
 * another name; "absent": no such queue; "apart", "tooMany": as Bind; TOO_LARGE: the copies would
 * be too many; "full": the bound queue, which was there before, has not the room.
 */
export type StreamCreateGroupOutcome =
  "ok" | "exists" | "absent" | "apart" | "tooMany" | "full" | typeof WRONG_TYPE | StreamTooLarge;

/**
 * Ends a group. The first one loses its name and its consumers: its claims are ready again, each as
 * by a Crash without backoff that is not counted; the entries stay. Any other is unbound, and its
 * queue flushed. False if it is not there, or is the first one and has no name.
 */
export interface StreamDestroyGroup {
  kind: "streamDestroyGroup";
  queue: Buffer;
  group: Buffer;
}

/** True if the group did not have it. A queue that is no stream keeps none, and answers true. */
export interface StreamCreateConsumer {
  kind: "streamCreateConsumer";
  queue: Buffer;
  group: Buffer;
  consumer: Buffer;
}

/**
 * Its claims are ready again, as with StreamDestroyGroup, and its name is forgotten. The result is
 * how many claims it had.
 */
export interface StreamDeleteConsumer {
  kind: "streamDeleteConsumer";
  queue: Buffer;
  group: Buffer;
  consumer: Buffer;
}

export type StreamOperation =
  | StreamAdd
  | StreamTrim
  | StreamRemove
  | StreamLength
  | StreamRange
  | StreamTake
  | StreamClaim
  | StreamAck
  | StreamNack
  | StreamPending
  | StreamInfo
  | StreamCreateGroup
  | StreamDestroyGroup
  | StreamCreateConsumer
  | StreamDeleteConsumer;

type WrongType = typeof WRONG_TYPE;
type Missing = typeof WRONG_TYPE | typeof NO_GROUP;

export interface StreamResults {
  /** The id of the event. */
  streamAdd: Buffer | null | WrongType | typeof SMALLER_ID | typeof NO_MORE_IDS;
  /** How many went from the queue itself. */
  streamTrim: number | WrongType;
  streamRemove: number | WrongType;
  streamLength: StreamSize | WrongType;
  streamRange: StreamEntry[] | WrongType | StreamTooLarge;
  streamTake: StreamTaken | Missing;
  streamClaim: StreamClaimed | Missing | StreamTooLarge;
  streamAck: StreamEnded<StreamAckOutcome> | WrongType;
  /** "ready" after a redo too. */
  streamNack: StreamEnded<FailOutcome> | Missing;
  streamPending: PendingClaim[] | Missing | StreamTooLarge;
  streamInfo: StreamFacts | null | WrongType | StreamTooLarge;
  streamCreateGroup: StreamCreateGroupOutcome;
  streamDestroyGroup: boolean | WrongType | "absent" | StreamTooLarge;
  streamCreateConsumer: boolean | Missing;
  streamDeleteConsumer: number | Missing | StreamTooLarge;
}
