// Events as a test sees them: what happened to them, those that were pushed, and those that ended.

/** One thing that happened to an event. */
export interface Happening {
  /** "redone": it was handed back, and that counts as no attempt. */
  what:
    | "pushed"
    | "popped"
    | "acked"
    | "failed"
    | "crashed"
    | "expired"
    | "retried"
    | "redone"
    | "deleted";
  queue: string;
  id: string;
  at: Date;
  /** popped, failed, crashed: which attempt that is, from 1 on. */
  attempt?: number;
  /** popped, failed, crashed: who has or had the claim, if it has a name. */
  worker?: string;
  /** failed: what the consumer said, or why else it failed. */
  error?: string;
  /** failed, crashed, expired: it has failed for good. popped: it is gone, as after an ack. */
  isFinal?: true;
  /** acked: the result, if there is one. */
  result?: Buffer;
  /** pushed: the queue from which it came. */
  from?: string;
}

/** An event that was pushed, whatever became of it. */
export interface PushedEvent<T> {
  id: string;
  contents: T;
  /** The contents as they are in okq. */
  bytes: Buffer;
  headers: Record<string, string>;
  /** When it was pushed. */
  at: Date;
  /** The queue from which it came by `failed-to` or QMOVE. */
  from?: string;
}

/** An event that was acknowledged, has failed for good, expired or was deleted. */
export interface EndedEvent {
  id: string;
  outcome: "acked" | "failed" | "expired" | "deleted";
  at: Date;
  /** failed: at which attempt. */
  attempt?: number;
  /** failed: what the consumer said, or why else it failed. */
  error?: string;
  /** acked: the result, if there is one. */
  result?: unknown;
}
