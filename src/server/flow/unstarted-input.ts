// Input of commands that were not started, over all clients: a part of a command is missing, or
// commands wait. While its budget is full, okq reads only from clients that have little of it, and
// from the first client in the wait list. That client has waited longest to send the rest of its
// command. So one client can always go on, and those that finish make room for the next.
import type { Budget } from "../../commands/budget.ts";
import type { Scheduled, Scheduler } from "./scheduler.ts";

/** Unstarted bytes that every client may have; they do not count against the budget. */
export const FREE_BYTES = 16 * 1024;
/** While others wait, the first in the wait list may send nothing for this time. */
const SILENT_MS_MAX = 3_000;
/** While others wait, the first in the wait list has this time for its whole command. */
const COMMAND_MS_MAX = 60_000;

export interface Sender extends Scheduled {
  /** Others waited too long for the rest of its command. */
  stalled(): void;
}

/** The progress of the first in the wait list. */
interface Progress {
  sender: Sender;
  firstSinceMs: number;
  bytes: number;
  changedAtMs: number;
}

export class UnstartedInput {
  readonly #budget: Budget;
  readonly #scheduler: Pick<Scheduler, "add">;
  readonly #bytes = new Map<Sender, number>();
  /**
   * Senders of incomplete commands, the longest waiting first. False if the command is complete by
   * now, or was not looked at, but could not be started since.
   */
  readonly #waitList = new Map<Sender, boolean>();
  readonly #paused = new Set<Sender>();
  #progress: Progress | null = null;

  constructor(budget: Budget, scheduler: Pick<Scheduler, "add">) {
    this.#budget = budget;
    this.#scheduler = scheduler;
  }

  /** As of its last update(). A sender that may be read again is added to the scheduler. */
  mayRead(sender: Sender): boolean {
    return !this.#paused.has(sender);
  }

  /** The sender has this many unstarted bytes. isIncomplete: it must send more to go on. */
  update(sender: Sender, bytes: number, isIncomplete: boolean): void {
    if (bytes <= FREE_BYTES) {
      if (this.#bytes.size > 0) this.leave(sender);
      return;
    }
    this.#count(sender, bytes);
    // It stays in the wait list also while its command cannot be started.
    if (isIncomplete || this.#waitList.has(sender)) this.#waitList.set(sender, isIncomplete);
    if (this.#budget.isFull && this.#first !== sender) this.#paused.add(sender);
    else this.#paused.delete(sender);
    this.#wake();
  }

  /** The sender's command was started: with the next one it enters the wait list at the end. */
  started(sender: Sender): void {
    if (this.#waitList.size > 0) this.#waitList.delete(sender);
  }

  leave(sender: Sender): void {
    if (!this.#bytes.has(sender)) return;
    this.#count(sender, 0);
    this.#bytes.delete(sender);
    this.#waitList.delete(sender);
    this.#paused.delete(sender);
    this.#wake();
  }

  /** Ends the turn of the first sender if it makes no progress. To be called now and then. */
  check(nowMs: number): void {
    const sender = this.#paused.size > 0 && this.#budget.isFull ? this.#first : undefined;
    if (!sender) {
      this.#progress = null;
      return;
    }
    const bytes = this.#bytes.get(sender)!;
    if (this.#progress?.sender !== sender) {
      this.#progress = { sender, firstSinceMs: nowMs, bytes, changedAtMs: nowMs };
    } else if (this.#progress.bytes !== bytes) {
      this.#progress.bytes = bytes;
      this.#progress.changedAtMs = nowMs;
    }
    const { firstSinceMs, changedAtMs } = this.#progress;
    if (nowMs - changedAtMs < SILENT_MS_MAX && nowMs - firstSinceMs < COMMAND_MS_MAX) return;
    if (this.#waitList.get(sender)) return sender.stalled();
    this.#waitList.delete(sender);
    this.#wake();
  }

  get #first(): Sender | undefined {
    return this.#waitList.keys().next().value;
  }

  #count(sender: Sender, bytes: number): void {
    this.#budget.change(bytes - (this.#bytes.get(sender) ?? 0));
    this.#bytes.set(sender, bytes);
  }

  #wake(): void {
    if (this.#paused.size === 0) return;
    if (!this.#budget.isFull) {
      for (const sender of this.#paused) this.#scheduler.add(sender);
      this.#paused.clear();
    } else if (this.#paused.delete(this.#first!)) this.#scheduler.add(this.#first!);
  }
}
