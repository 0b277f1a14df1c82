// Why the next command of a client is not started yet.

export type WaitReason =
  /** The connection is ending: no command is started any more. */
  | "ending"
  /** A command such as HELLO or QNOTIFY must be answered first. */
  | "exclusive"
  /** As many commands, or bytes of them and of their replies, are under way as one client may. */
  | "in-flight"
  /** The client does not read its replies. */
  | "output"
  /** Budgets of all clients are full: for replies not read, for commands that wait for replies. */
  | "bytes-unsent"
  | "bytes-waiting"
  /** Other clients have their turn: at once, or after a pause. */
  | "slice"
  | "backoff"
  /** Nothing to start: the next command has not arrived, or not as a whole. */
  | "input";

/** Why okq does not read from a client. The budget of all clients for unread input may be full. */
export type PauseReason = Exclude<WaitReason, "input" | "ending"> | "bytes-unread";
