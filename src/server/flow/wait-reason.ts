// Why the next command of a client is not started yet.

export type WaitReason =
  /** The connection is ending, so no command is started any more. */
  | "ending"
  /** A command such as HELLO or QNOTIFY must be answered first. */
  | "exclusive"
  /** As many commands, or bytes of them and of their replies, are under way as one client may. */
  | "in-flight"
  /** The client does not read its replies. */
  | "output"
  /** A budget of all clients is full: for unsent replies, or for commands that wait for answers. */
  | "bytes-unsent"
  | "bytes-waiting"
  /** Other clients have their turn first, without a pause or with one. */
  | "slice"
  | "backoff"
  /** The next command has not arrived, or not as a whole. */
  | "input";

/** Why okq does not read from a client. bytes-unread: the budget for unread input is full. */
export type PauseReason = Exclude<WaitReason, "input" | "ending"> | "bytes-unread";
