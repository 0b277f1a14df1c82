// What all connections of a server share: what commands see of it, turns, and the bounds on bytes
// that wait at all clients together.
import type { Context } from "../commands/context.ts";
import type { ParserLimits } from "../resp/parser-limits.ts";
import { Turns, type TurnTaker } from "./turns.ts";
import { Unread } from "./unread.ts";

/** A login takes no more. A part of so little takes nothing from the room there is for others. */
const STRANGER_LIMITS: ParserLimits = {
  bulkBytesMax: 8 * 1024,
  requestBytesMax: 8 * 1024,
  droppedBytesMax: 0,
  argumentsMax: 10,
  inlineBytesMax: 8 * 1024,
};

export class Shared {
  readonly turns = new Turns();
  readonly unread: Unread;
  /** For clients that have not logged in. */
  readonly strangerLimits = STRANGER_LIMITS;
  readonly #waiting = new Set<TurnTaker>();

  constructor(
    readonly context: Context,
    readonly parserLimits: ParserLimits,
  ) {
    this.unread = new Unread(context, this.turns);
  }

  /** Whether a command may be started now; if not, the taker gets a turn when it may. */
  hasRoom(taker: TurnTaker): boolean {
    const { stats, settings } = this.context;
    if (stats.waitingBytes < settings.maxWaitingBytes) return true;
    this.#waiting.add(taker);
    return false;
  }

  /** Whether replies that clients do not take have used up what there is for them. */
  get isFullOfReplies(): boolean {
    const { stats, settings } = this.context;
    return stats.unsentBytes > settings.maxWaitingBytes;
  }

  /** Bytes of a command that waits for the store from now on. */
  take(bytes: number): void {
    this.context.stats.waitingBytes += bytes;
  }

  release(bytes: number): void {
    const { stats, settings } = this.context;
    stats.waitingBytes -= bytes;
    if (this.#waiting.size === 0 || stats.waitingBytes >= settings.maxWaitingBytes) return;
    for (const taker of this.#waiting) this.turns.add(taker);
    this.#waiting.clear();
  }
}
