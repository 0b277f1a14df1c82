// Parts that all connections of a server share.
import type { Context } from "../commands/context.ts";
import type { ParserLimits } from "../resp/parser-limits.ts";
import { Scheduler } from "./flow/scheduler.ts";
import { UnreadInput } from "./flow/unread.ts";

/** Enough for a login. So little that it does not count against the budget for unread input. */
const STRANGER_LIMITS: ParserLimits = {
  bulkBytesMax: 8 * 1024,
  requestBytesMax: 8 * 1024,
  droppedBytesMax: 0,
  argumentsMax: 10,
  inlineBytesMax: 8 * 1024,
};

export class Shared {
  readonly scheduler = new Scheduler();
  readonly unread: UnreadInput;
  /** For clients that have not logged in. */
  readonly strangerLimits = STRANGER_LIMITS;

  constructor(
    readonly context: Context,
    readonly parserLimits: ParserLimits,
  ) {
    this.unread = new UnreadInput(context.budgets.unread, this.scheduler);
  }
}
