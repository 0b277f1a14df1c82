// The input of one connection: when its commands are started, and when okq does not read from it.
import type { Clock } from "../../queue/clock.ts";
import { Parser } from "../../resp/parser.ts";
import type { ParserLimits } from "../../resp/parser-limits.ts";
import { ProtocolError } from "../../resp/protocol-error.ts";
import type { ClientSocket } from "../client-socket.ts";
import type { Outbox } from "../outbox.ts";
import type { Pipeline } from "../pipeline.ts";
import type { Shared } from "../shared.ts";
import type { Backoff } from "./backoff.ts";
import {
  CLOCKED_BYTES_MIN,
  SLICE_MS_MAX,
  UNSTARTED_BYTES_MAX,
  UNSENT_BYTES_MAX,
} from "./limits.ts";
import { FREE_BYTES, type Sender } from "./unstarted-input.ts";
import type { PauseReason, WaitReason } from "./wait-reason.ts";

/** The connection that the input is of. */
export interface InputOwner extends Sender {
  /** False when the connection is ending. */
  readonly startsCommands: boolean;
  start(args: Buffer[]): void;
  /** Answers input that is not a command. */
  reject(error: ProtocolError): void;
  /** All commands that arrived are started. A part of the next one may be there. */
  allStarted(): void;
  /** Has afterTurn() called. */
  readonly schedule: () => void;
}

interface Parts {
  socket: Pick<ClientSocket, "pause" | "resume">;
  pipeline: Pipeline;
  outbox: Outbox;
  backoff: Backoff;
}

export class Input {
  readonly #owner: InputOwner;
  readonly #shared: Shared;
  readonly #clock: Clock;
  readonly #parts: Parts;
  readonly #parser: Parser;
  #pauseReason: PauseReason | null = null;

  constructor(owner: InputOwner, shared: Shared, parts: Parts) {
    this.#owner = owner;
    this.#shared = shared;
    this.#clock = shared.context.clock;
    this.#parts = parts;
    this.#parser = new Parser(shared.parserLimits);
  }

  set limits(limits: ParserLimits) {
    this.#parser.limits = limits;
  }

  /** Bytes of commands that are not started. */
  get bytes(): number {
    return this.#parser.heldBytes;
  }

  /** Bytes that arrived after the command that was started last. */
  get unparsedBytes(): number {
    return this.#parser.unparsedBytes;
  }

  /** Why okq does not read from the client; null while it does. */
  get pauseReason(): PauseReason | null {
    return this.#pauseReason;
  }

  add(chunk: Buffer): void {
    this.#parser.feed(chunk);
  }

  /** Discards commands that were not started. Reads the socket again, so that okq sees its end. */
  close(): void {
    this.#parser.close();
    this.#shared.unstartedInput.leave(this.#owner);
    this.#pause(null);
  }

  /** Starts commands until there is a reason to wait, and reads or pauses accordingly. */
  startCommands(): void {
    const startedAtMs = this.#parser.heldBytes > CLOCKED_BYTES_MIN ? this.#clock.nowMs() : 0;
    let hasWorked = false;
    let reason = this.#waitReason();
    while (reason === null) {
      reason = this.#startNext() ? this.#waitReason() : "input";
      hasWorked = true;
      if (reason !== null || startedAtMs === 0) continue;
      if (this.#clock.nowMs() - startedAtMs > SLICE_MS_MAX) reason = "slice";
    }
    if (reason === "input") this.#owner.allStarted();
    const isShareUsed = hasWorked && (reason === "slice" || reason === "in-flight");
    if (isShareUsed && this.bytes > 0) this.#parts.backoff.afterShare();
    if (reason === "ending" || !this.#owner.startsCommands) return this.close();
    this.#continueAfter(reason);
    this.#readOrPause(reason);
  }

  /** Why the next command may not be started now; null when it may. */
  #waitReason(): WaitReason | null {
    const { backoff, outbox, pipeline } = this.#parts;
    if (!this.#owner.startsCommands) return "ending";
    if (backoff.isActive) return "backoff";
    const { unsent, unanswered } = this.#shared.context.budgets;
    if (outbox.length > UNSENT_BYTES_MAX) return "output";
    if (outbox.length > 0 && unsent.isFull) return "bytes-unsent";
    const limit = pipeline.limitOf(this.#parser);
    if (limit !== null || !unanswered.isFull) return limit;
    // One small command is always started, so that INFO is answered while the store is not.
    const isSmall = pipeline.size === 0 && this.#parser.heldBytes <= FREE_BYTES;
    return isSmall ? null : "bytes-waiting";
  }

  /**
   * Starts the next command, or rejects it. False if it has not arrived completely. Also true if
   * the parser stopped in the middle of it, to let other clients have their turn.
   */
  #startNext(): boolean {
    const args = this.#nextCommand();
    if (args === undefined) return this.#parser.isBusy;
    this.#shared.unstartedInput.started(this.#owner);
    if (args) this.#owner.start(args);
    return true;
  }

  /** Null if it was rejected; undefined if it has not arrived or is not parsed completely. */
  #nextCommand(): Buffer[] | null | undefined {
    try {
      return this.#parser.next();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#owner.reject(error);
      return null;
    }
  }

  /** Other reasons end with an event that schedules the connection anyway. */
  #continueAfter(reason: WaitReason): void {
    const { unsent, unanswered } = this.#shared.context.budgets;
    const { schedule } = this.#owner;
    if (reason === "slice" && !this.#parts.backoff.isActive) schedule();
    else if (reason === "bytes-unsent") unsent.whenRoom(schedule);
    else if (reason === "bytes-waiting") unanswered.whenRoom(schedule);
  }

  #readOrPause(reason: Exclude<WaitReason, "ending">): void {
    const { unstartedInput } = this.#shared;
    const bytes = this.#parser.heldBytes;
    unstartedInput.update(this.#owner, bytes, reason === "input");
    if (reason !== "input" && bytes > UNSTARTED_BYTES_MAX) this.#pause(reason);
    else this.#pause(unstartedInput.mayRead(this.#owner) ? null : "bytes-unread");
  }

  /** With null, reads again. */
  #pause(reason: PauseReason | null): void {
    const wasPaused = this.#pauseReason !== null;
    this.#pauseReason = reason;
    if (wasPaused === (reason !== null)) return;
    if (reason !== null) this.#parts.socket.pause();
    else this.#parts.socket.resume();
  }
}
