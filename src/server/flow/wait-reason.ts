// Why the next command of a client is not started yet. CLIENT LIST shows these words.

export type WaitReason =
  /** The connection is ending, so no command is started any more. */
  | "ending"
  /** A command such as HELLO or QNOTIFY must be answered first. */
  | "exclusive"
  /** The client has as many commands in flight, or bytes of them and their replies, as it may. */
  | "in-flight"
  /** The client does not read its replies. */
  | "output"
  /** A budget of all clients is full: for unsent replies, or for unanswered commands. */
  | "bytes-unsent"
  | "bytes-waiting"
  /** Other clients have their turn first, without a pause or with one. */
  | "slice"
  | "backoff"
  /** The next command has not arrived, or not as a whole. */
  | "input";

/** Why okq does not read from a client. bytes-unread: the budget for unstarted input is full. */
export type PauseReason = Exclude<WaitReason, "input" | "ending"> | "bytes-unread";
