// One client's connection to the okq that serves: sends its commands, and hands each reply to the
// command that it belongs to.
//
//   opening --connected--> introducing --OK--> open --> closed
import type { Budget } from "../../commands/budget.ts";
import { confirmArguments } from "../../commands/forward.ts";
import { errorIn, ReplyScanner } from "../../resp/reply-scanner.ts";
import { Delivery } from "./delivery.ts";
import { SendQueue } from "./send-queue.ts";
import type { OpenUpstream, Place, UpstreamSocket } from "./upstream-socket.ts";

/** A command that was given to a link. */
export interface Awaiting {
  /** A reply. Returns whether the command has no other one to come. */
  replied(reply: Buffer): boolean;
  /** The first bytes of a long reply. Returns a receiver of the rest; null: it wants it whole. */
  begun?(bytes: Buffer): { add(bytes: Buffer): void; complete(): void } | null;
  /** The command has no reply. `isSent`: it may be done all the same. */
  lost(reason: string, isSent: boolean): void;
  /** It says something of the commands before it, and is none of the client's. */
  readonly isOwn?: true;
}

export interface LinkOwner {
  /** Whether an array may be a message: in RESP2, while the client has subscribed to something. */
  readonly getsArrays: boolean;
  /** An error reply. `isLast`: it is for the last one of the commands that were sent. */
  refused(text: string, isLast: boolean): void;
  /** A message, which is no reply. */
  message(bytes: Buffer): void;
  /** The link is closed, after all commands were told. */
  closed(link: Link): void;
}

/** A reply with more bytes than this is passed on while it arrives. */
const HELD_BYTES_MAX = 64 * 1024;
const GREATER = 62;
const MESSAGE = /^[>*]\d\r\n\$\d\r\np?message\r\n/;
const MESSAGE_HEAD_BYTES = 24;

/** Begins the reason of a loss if no connection could be made. */
export const UNREACHED = "cannot reach the okq that serves: ";

/** Begins the reason of a loss if the okq that serves did not accept the introduction. */
export const REFUSED = "the okq that serves refused: ";

/** `refusal`: an error reply of the okq that serves. */
export function refusedBecause(refusal: string): string {
  return REFUSED + refusal.replace(/^ERR /, "");
}

export class Link {
  readonly #owner: LinkOwner;
  readonly #sending = new SendQueue();
  readonly #scanner = new ReplyScanner();
  /** Bytes of all replies that have arrived in full, and of messages. */
  #repliedBytes = 0;
  readonly delivery = new Delivery((bytes) => {
    if (!this.#isEnding && !this.#isClosed) this.send(confirmArguments(bytes, false), CONFIRMED);
  });
  readonly #awaiting: { command: Awaiting; startsAt: number }[] = [];
  /** The pieces of the reply that is arriving. */
  #held: Buffer[] = [];
  #heldBytes = 0;
  #isHeldWhole = false;
  #receiver: ReturnType<NonNullable<Awaiting["begun"]>> = null;
  #socket: UpstreamSocket | null = null;
  /** The right okq is at the other end. */
  #isOpen = false;
  #willFlush = false;
  #isReading = true;
  #isEnding: "after sending" | "half" | null = null;
  /** Set when the client is gone: replies are read, and forgotten. */
  #unanswered: Budget | null = null;
  /** What commands of such a client take of it, as they are not sent yet. */
  #keptBytes = 0;
  #isClosed = false;

  /** `introduction`: the first command; others are sent once it is answered OK. */
  constructor(place: Place, open: OpenUpstream, introduction: Buffer[], owner: LinkOwner) {
    this.#owner = owner;
    const handlers = {
      data: (chunk: Buffer) => this.#guarded(() => this.#received(chunk)),
      drained: () => this.#flush(),
      closed: (reason: string) => this.#lost(`lost the okq that serves: ${reason}`),
    };
    open(place, handlers).then(
      (socket) => this.#introduce(socket, introduction),
      (error: Error) => this.#lost(UNREACHED + error.message),
    );
  }

  /** Bytes up to the end of the latest reply. */
  get repliedBytes(): number {
    return this.#repliedBytes;
  }

  /** finish() was called. */
  get isFinished(): boolean {
    return this.#isEnding === "half";
  }

  /** With `end`, whose reply goes to the same command. */
  send(args: Buffer[], command: Awaiting, end?: Buffer[]): void {
    this.#awaiting.push({ command, startsAt: this.#sending.addedBytes });
    this.#sending.add(args);
    if (end) this.#sending.add(end);
    if (this.#willFlush) return;
    this.#willFlush = true;
    // Behind the other commands that the client has sent.
    queueMicrotask(() => {
      this.#willFlush = false;
      this.#flush();
    });
  }

  /** Reads no more until resume(). */
  pause(): void {
    if (this.#isReading) this.#socket?.pause();
    this.#isReading = false;
  }

  resume(): void {
    if (!this.#isReading) this.#socket?.resume();
    this.#isReading = true;
  }

  /** Sends no more: the okq that serves ends waits, answers everything, and closes. */
  finish(): void {
    this.#isEnding ??= "half";
    this.#flush();
  }

  /**
   * The client is gone. What it has sent is sent on, and nobody reads the replies. If it has not
   * got all of them, the okq that serves is told so, unless nothing can be sent any more. Its
   * commands count against the budget until they are sent.
   */
  leave(unanswered: Budget): void {
    const isTold = this.delivery.isDue && !this.isFinished;
    if (isTold) this.#sending.add(confirmArguments(this.delivery.bytes, true));
    this.#isEnding = isTold ? "half" : "after sending";
    this.#unanswered = unanswered;
    this.resume();
    this.#flush();
    this.#keep(this.#isClosed ? 0 : this.#sending.unsentBytes);
    const isIntroducing = this.#socket !== null && !this.#isOpen;
    this.#loseCommands("the client is gone", isIntroducing ? 1 : 0);
  }

  /** Closes it at once, for that reason. */
  cut(reason: string): void {
    this.#lost(reason);
  }

  #introduce(socket: UpstreamSocket, introduction: Buffer[]): void {
    if (this.#isClosed) return socket.terminate();
    this.#socket = socket;
    const queue = new SendQueue();
    queue.add(introduction);
    queue.sendTo(socket);
    this.#awaiting.unshift({ command: introductionOf(this.#introduced), startsAt: Infinity });
  }

  readonly #introduced = (refusal: string | null): void => {
    if (refusal !== null) return this.#lost(refusedBecause(refusal));
    this.#isOpen = true;
    this.#flush();
  };

  #flush(): void {
    const socket = this.#socket;
    if (!socket || !this.#isOpen) return;
    this.#sending.sendTo(socket);
    if (this.#unanswered) this.#keep(this.#sending.unsentBytes);
    if (!this.#isEnding || this.#sending.unsentBytes > 0) return;
    if (this.#isEnding === "half") socket.shutdown();
    else this.#lost("the client is gone");
  }

  /** A bug in okq or in the other one costs this link, and nothing else. */
  #guarded(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.#lost(`it does not speak as okq does: ${(error as Error).message}`);
    }
  }

  #received(chunk: Buffer): void {
    for (let at = 0; at < chunk.length && !this.#isClosed;) {
      if (this.#unanswered && this.#isOpen) return;
      const end = this.#scanner.endOf(chunk, at);
      const piece = chunk.subarray(at, end < 0 ? chunk.length : end);
      this.#repliedBytes += piece.length;
      if (end < 0) return this.#hold(piece);
      at = end;
      this.#ended(piece);
    }
  }

  /** A part of a reply. */
  #hold(piece: Buffer): void {
    if (this.#receiver) return this.#receiver.add(piece);
    this.#held.push(piece);
    this.#heldBytes += piece.length;
    if (this.#heldBytes < HELD_BYTES_MAX || this.#isHeldWhole) return;
    const bytes = this.#takeHeld();
    const command = this.#awaiting[0]?.command;
    this.#receiver = this.#isMessage(bytes) ? null : (command?.begun?.(bytes) ?? null);
    if (this.#receiver) return;
    this.#isHeldWhole = true;
    this.#held.push(bytes);
  }

  /** The last part of a reply, or all of it. */
  #ended(piece: Buffer): void {
    const receiver = this.#receiver;
    if (receiver) {
      this.#receiver = null;
      receiver.add(piece);
      receiver.complete();
      this.#awaiting.shift();
      return;
    }
    if (this.#held.length > 0) this.#held.push(piece);
    const reply = this.#held.length > 0 ? this.#takeHeld() : piece;
    if (this.#isMessage(reply)) return this.#owner.message(reply);
    const refusal = errorIn(reply);
    if (refusal !== null && !this.#awaiting[0]?.command.isOwn) {
      const isLast = this.#awaiting.every(({ command }, at) => at === 0 || command.isOwn);
      this.#owner.refused(refusal, isLast);
    }
    const first = this.#awaiting[0];
    if (!first) throw new Error("a reply to no command");
    if (first.command.replied(reply)) this.#awaiting.shift();
  }

  #takeHeld(): Buffer {
    const bytes = this.#held.length === 1 ? this.#held[0]! : Buffer.concat(this.#held);
    this.#held = [];
    this.#heldBytes = 0;
    this.#isHeldWhole = false;
    return bytes;
  }

  #isMessage(bytes: Buffer): boolean {
    if (bytes[0] !== GREATER && !this.#owner.getsArrays) return false;
    return MESSAGE.test(bytes.toString("latin1", 0, MESSAGE_HEAD_BYTES));
  }

  #lost(reason: string): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // The okq that serves sees at once that nobody is there any more.
    this.#socket?.terminate();
    this.#keep(0);
    this.#loseCommands(reason, 0);
    this.#owner.closed(this);
  }

  #keep(bytes: number): void {
    this.#unanswered?.change(bytes - this.#keptBytes);
    this.#keptBytes = bytes;
  }

  #loseCommands(reason: string, from: number): void {
    const { sentBytes } = this.#sending;
    for (const { command, startsAt } of this.#awaiting.splice(from)) {
      command.lost(reason, startsAt < sentBytes);
    }
  }
}

const CONFIRMED: Awaiting = { isOwn: true, replied: () => true, lost() {} };

/** Of an introduction. Called back with the error, if it is one. */
export function introductionOf(introduced: (refusal: string | null) => void): Awaiting {
  return {
    replied(reply) {
      introduced(errorIn(reply));
      return true;
    },
    lost() {},
  };
}
