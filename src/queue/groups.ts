// Groups: lines of events within a queue that take turns.
//
// The events of a group are handed out in the order of their pushes, or of their due times. One
// gets its place when it becomes ready for the first time and keeps it until it changes its queue:
// whenever and however it comes back, it is there again. RIGHT means nothing to it.
//
// A group can go if it is not paused, fewer of its events are claimed than its limit, its rate lets
// one go, and one is ready. With a limit of 1 it is also held while an event of it is delayed that
// was claimed before (a push may replace that event): no other overtakes it. An event that was
// handed out without a claim takes no slot.
//
// Groups that can go, and the events without a group as one more of them, take turns: of those that
// can go, the one comes next whose latest turn was first. A turn is a pop, undone or not. For a new
// group, its beginning counts as a turn; the events without a group had none before the queue had
// groups. A group is there as long as it has ready, delayed or claimed events, something of its own
// (a limit, a rate, a pause), or events that its rate still counts.
//
// In a scan, and where events are dropped because a queue is full, the ready events without a group
// come first, and then group by group in the order in which they came into being, which a restart
// may change. As to priority, events of a group count as 0 there.

/** All that is known of a group. One that is not there has no events, and is as its queue says. */
export interface GroupFacts {
  group: Buffer;
  ready: number;
  /** Also those that were just pushed with a delay. */
  delayed: number;
  claimed: number;
  /** null if none is ready. */
  oldestReadyAtMs: number | null;
  isPaused: boolean;
  /** Its own, else that of its queue; null: none. */
  limit: number | null;
  /** As a setting: its own, else that of its queue; empty: none. */
  rate: string;
  nowMs: number;
}

export interface GetGroup {
  kind: "group";
  queue: Buffer;
  group: Buffer;
}

/** A page of the groups of a queue that are there, in any order; some may come twice. */
export interface ScanGroups {
  kind: "groups";
  queue: Buffer;
  /** `next` of the page before; null for the first one. */
  after: Buffer | null;
  limit: number;
}

/** `next` is the `after` of the following page, null on the last page. A page may be empty. */
export interface GroupPage {
  groups: { group: Buffer; ready: number }[];
  next: Buffer | null;
}

/** So many groups of a queue may have a limit, a rate or a pause of their own. */
export const OWN_GROUPS_MAX = 10_000;

/**
 * Gives a group a limit or a rate of its own, as the settings group-limit and group-rate have them;
 * a null value takes it back. They stay when the group has no events, and through a flush. False if
 * too many groups have something of their own.
 */
export interface SetGroup {
  kind: "setGroup";
  queue: Buffer;
  group: Buffer;
  values: ["limit" | "rate", string | null][];
}
