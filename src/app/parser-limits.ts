// How large a command may be, which follows from the size of an event.
import type { Config } from "../config/options.ts";
import type { ParserLimits } from "../resp/parser-limits.ts";

const ARGUMENTS_MAX = 1_048_576;
/** All arguments of a command together may be this much larger than the largest event. */
const REQUEST_MARGIN_BYTES = 64 * 1024 * 1024;
/** A command larger still is read, dropped and answered; beyond this the client is closed. */
const DROPPED_MARGIN_BYTES = 1024 * 1024 * 1024;
const INLINE_BYTES_MAX = 64 * 1024;

export function parserLimits({ maxEventBytes }: Config): ParserLimits {
  return {
    bulkBytesMax: maxEventBytes,
    requestBytesMax: maxEventBytes + REQUEST_MARGIN_BYTES,
    droppedBytesMax: maxEventBytes + DROPPED_MARGIN_BYTES,
    argumentsMax: ARGUMENTS_MAX,
    inlineBytesMax: INLINE_BYTES_MAX,
  };
}
