// What all connections of a server share: what commands see of it, turns, and the bound on bytes
// under way, past which further commands wait unread.
import type { Context } from "../commands/command.ts";
import type { ParserLimits } from "../resp/parser.ts";
import { Turns, type TurnTaker } from "./turns.ts";

/** Bytes of commands that wait for the store. */
const UNDER_WAY_BYTES_MAX = 256 * 1024 * 1024;

/** As in Redis: a login takes no more. */
const STRANGER_LIMITS = { bulkBytesMax: 16 * 1024, argumentsMax: 10 };

export class Shared {
  readonly turns = new Turns();
  /** For clients that have not logged in. */
  readonly strangerLimits: ParserLimits;
  #underWayBytes = 0;
  readonly #waiting = new Set<TurnTaker>();

  constructor(
    readonly context: Context,
    readonly parserLimits: ParserLimits,
  ) {
    this.strangerLimits = { ...parserLimits, ...STRANGER_LIMITS };
  }

  /** Whether a command may be started now; if not, the taker gets a turn when it may. */
  hasRoom(taker: TurnTaker): boolean {
    if (this.#underWayBytes < UNDER_WAY_BYTES_MAX) return true;
    this.#waiting.add(taker);
    return false;
  }

  take(bytes: number): void {
    this.#underWayBytes += bytes;
  }

  release(bytes: number): void {
    this.#underWayBytes -= bytes;
    if (this.#waiting.size === 0 || this.#underWayBytes >= UNDER_WAY_BYTES_MAX) return;
    for (const taker of this.#waiting) this.turns.add(taker);
    this.#waiting.clear();
  }
}
