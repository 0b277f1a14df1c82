// Parts that all connections of a server share.
import type { Context } from "../commands/context.ts";
import type { ParserLimits } from "../resp/parser-limits.ts";
import { Scheduler } from "./flow/scheduler.ts";
import { UnstartedInput } from "./flow/unstarted-input.ts";
import type { OpenUpstream } from "./forward/upstream-socket.ts";

/** Enough for a login. So little that it does not count against the budget for unstarted input. */
const STRANGER_LIMITS: ParserLimits = {
  bulkBytesMax: 8 * 1024,
  requestBytesMax: 8 * 1024,
  droppedBytesMax: 0,
  argumentsMax: 10,
  inlineBytesMax: 8 * 1024,
};

export class Shared {
  readonly scheduler: Scheduler;
  readonly unstartedInput: UnstartedInput;
  /** For clients that have not logged in. */
  readonly strangerLimits = STRANGER_LIMITS;

  constructor(
    readonly context: Context,
    readonly parserLimits: ParserLimits,
    hasPauses: boolean,
    /** To the okq that serves; null where no other one can. */
    readonly openUpstream: OpenUpstream | null,
  ) {
    this.scheduler = new Scheduler(() => context.durations.turnEnded(), hasPauses);
    this.unstartedInput = new UnstartedInput(context.budgets.unstarted, this.scheduler);
  }
}
