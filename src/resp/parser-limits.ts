// The limits of a parser on the input of a client.

export interface ParserLimits {
  /** The largest argument. */
  bulkBytesMax: number;
  /** All arguments of a command together. */
  requestBytesMax: number;
  /** A command above the two bounds is dropped if it has at most this; a larger one is fatal. */
  droppedBytesMax: number;
  argumentsMax: number;
  /** The longest inline command, and the longest line with a count or a length. */
  inlineBytesMax: number;
}
