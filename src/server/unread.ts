// Bytes of commands that clients have sent and that are not started, because the rest is missing
// or the store is slow, over all clients. Past the bound nobody with more than a little is read,
// but for one: the client that waits longest with a command that is cut. So there is always one
// that can go on, and room is made by those that come to their end.
import type { Context } from "../commands/context.ts";
import type { Turns, TurnTaker } from "./turns.ts";

/** Bytes that any client may have unread, and that are not counted. */
export const FREE_BYTES = 16 * 1024;
/** While others have to wait for it, a client must send something in this time, */
const SILENT_MS_MAX = 3_000;
/** and all of its command in this. */
const TURN_MS_MAX = 60_000;

export interface Holder extends TurnTaker {
  /** Others waited too long for the rest of its command. */
  stalled(): void;
}

interface Turn {
  holder: Holder;
  sinceMs: number;
  bytes: number;
  heardAtMs: number;
}

export class Unread {
  readonly #context: Pick<Context, "stats" | "settings">;
  readonly #turns: Pick<Turns, "add">;
  readonly #held = new Map<Holder, number>();
  /** Whose command is cut (or was, and could not be started since): the longest waiting first. */
  readonly #cut = new Map<Holder, boolean>();
  readonly #paused = new Set<Holder>();
  #turn: Turn | null = null;

  constructor(context: Pick<Context, "stats" | "settings">, turns: Pick<Turns, "add">) {
    this.#context = context;
    this.#turns = turns;
  }

  /**
   * The holder has so many bytes unread, and isCut when it has no whole command and needs more.
   * Whether its client may be read; if not, it gets a turn when to ask again.
   */
  mayRead(holder: Holder, bytes: number, isCut: boolean): boolean {
    if (bytes <= FREE_BYTES) {
      if (this.#held.size > 0) this.leave(holder);
      return true;
    }
    this.#count(holder, bytes);
    // It keeps its place also when it cannot tell, because it rests or has no room for a command.
    if (isCut || this.#cut.has(holder)) this.#cut.set(holder, isCut);
    const mayRead = !this.#isShort || this.#first === holder;
    if (mayRead) this.#paused.delete(holder);
    else this.#paused.add(holder);
    this.#wake();
    return mayRead;
  }

  /** It began a new command: behind those that wait already. */
  stepBack(holder: Holder): void {
    this.#cut.delete(holder);
  }

  leave(holder: Holder): void {
    if (!this.#held.has(holder)) return;
    this.#count(holder, 0);
    this.#held.delete(holder);
    this.#cut.delete(holder);
    this.#paused.delete(holder);
    this.#wake();
  }

  /** To be called now and then: nobody may keep the others waiting for ever. */
  check(nowMs: number): void {
    const holder = this.#paused.size > 0 && this.#isShort ? this.#first : undefined;
    if (!holder) {
      this.#turn = null;
      return;
    }
    const bytes = this.#held.get(holder)!;
    if (this.#turn?.holder !== holder) {
      this.#turn = { holder, sinceMs: nowMs, bytes, heardAtMs: nowMs };
    } else if (this.#turn.bytes !== bytes) {
      this.#turn.bytes = bytes;
      this.#turn.heardAtMs = nowMs;
    }
    const { sinceMs, heardAtMs } = this.#turn;
    if (nowMs - heardAtMs < SILENT_MS_MAX && nowMs - sinceMs < TURN_MS_MAX) return;
    if (this.#cut.get(holder)) return holder.stalled();
    this.#cut.delete(holder);
    this.#wake();
  }

  get #isShort(): boolean {
    const { stats, settings } = this.#context;
    return stats.unreadBytes > settings.maxWaitingBytes;
  }

  get #first(): Holder | undefined {
    return this.#cut.keys().next().value;
  }

  #count(holder: Holder, bytes: number): void {
    this.#context.stats.unreadBytes += bytes - (this.#held.get(holder) ?? 0);
    this.#held.set(holder, bytes);
  }

  #wake(): void {
    if (this.#paused.size === 0) return;
    if (!this.#isShort) {
      for (const holder of this.#paused) this.#turns.add(holder);
      this.#paused.clear();
    } else if (this.#paused.delete(this.#first!)) this.#turns.add(this.#first!);
  }
}
