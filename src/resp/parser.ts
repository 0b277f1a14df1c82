// Bytes from a client into commands, resumable at every byte. It must not know of sockets, nor of
// what a command means. Texts of errors are those of Redis.

import { CutBulk } from "./cut-bulk.ts";
import { InlineLine } from "./inline.ts";
import { CUT, INVALID, LengthLine, SLOW_BYTES_MAX, TOO_LONG } from "./length-line.ts";
import { ProtocolError, shown, TooLarge } from "./protocol-error.ts";
import { unpinned, VIEW_BYTES } from "./unpinned.ts";

const CR = 13;
const LF = 10;
const STAR = 42;
const DOLLAR = 36;
const NOTHING: Buffer = Buffer.alloc(0);

const MULTIBULK_LENGTH = "Protocol error: invalid multibulk length";
const BULK_LENGTH = "Protocol error: invalid bulk length";
const COUNT_TOO_LONG = "Protocol error: too big mbulk count string";
const LENGTH_TOO_LONG = "Protocol error: too big bulk count string";
const INLINE_TOO_LONG = "Protocol error: too big inline request";
const UNBALANCED_QUOTES = "Protocol error: unbalanced quotes in request";

/** A chunk smaller than this is not worth a copy to get rid of it, */
const PINNED_BYTES_MIN = 4096;
/** nor is one smaller than this for a whole command. */
const LARGE_CHUNK_BYTES = 64 * 1024;

/*
 *             "*"           count > 0
 *   START ---------> COUNT -----------> ARGUMENTS --- all there ----> START, a command
 *     |                 |                   \--- too large ---> DROPPED --- all there ---> START
 *     |                 \-- count <= 0 --> START
 *     |  other                     LF
 *     \---------> INLINE ---------------> WORDS --- all split ---> START, a command unless blank
 *
 * Within ARGUMENTS and DROPPED bulkLength says more: AT_DOLLAR, IN_LENGTH, or the length of the
 * contents.
 */
const START = 0;
const COUNT = 1;
const ARGUMENTS = 2;
const DROPPED = 3;
const INLINE = 4;
const WORDS = 5;
const AT_DOLLAR = -2;
const IN_LENGTH = -1;

/**
 * What one call of next() may do, so that no input holds anybody up, whether it makes commands or
 * not: an argument or a blank line is one step, and so is copying or splitting so many bytes.
 */
const STEPS_PER_CALL = 1024;
const BYTES_PER_STEP = 64;

export interface ParserLimits {
  /** The largest argument. */
  bulkBytesMax: number;
  /** All arguments of a command together. */
  requestBytesMax: number;
  /** All arguments of a command that is larger and is dropped; beyond, the parser fails. */
  droppedBytesMax: number;
  argumentsMax: number;
  /** The longest inline command, and the longest line with a count or a length. */
  inlineBytesMax: number;
}

/**
 * Arguments may be views on the chunks, which must stay as they are while the arguments are in use.
 * A command keeps chunks of twice its size from being freed, or one of 64 KiB. What was cut has
 * memory of its own, and that follows the bytes received, not announced.
 */
export class Parser {
  /** May be changed between commands; the longest line stays what it was at first. */
  limits: ParserLimits;
  #failure: ProtocolError | undefined;

  #chunk = NOTHING;
  #at = 0;
  #end = 0;
  /** Chunks behind this one, from #head on. */
  #later: Buffer[] = [];
  #head = 0;
  #laterBytes = 0;

  #phase = START;
  readonly #lengthLine: LengthLine;
  /** Of this call of next(). */
  #stepsLeft = 0;
  #expected = 0;
  #args: Buffer[] = [];
  /** How many of #args were complete before this chunk. */
  #argsBefore = 0;
  /** Of all arguments so far, and of the one announced last. */
  #announcedBytes = 0;
  #bulkLength = AT_DOLLAR;
  /** The first argument that is too large of a command to be dropped, if there is one. */
  #excessBytes = 0;
  readonly #inline = new InlineLine();
  readonly #cut = new CutBulk();

  constructor(limits: ParserLimits) {
    this.limits = limits;
    this.#lengthLine = new LengthLine(limits.inlineBytesMax);
  }

  /** Takes ownership of the chunk. What is left of earlier chunks comes first. */
  feed(chunk: Buffer): void {
    if (chunk.length === 0 || this.#failure !== undefined) return;
    this.#later.push(chunk);
    this.#laterBytes += chunk.length;
  }

  /**
   * The next complete command, with one argument at least; undefined: feed more. Throws a
   * ProtocolError on malformed input, and again whenever called after that. Throws a TooLarge once
   * for a command that was dropped.
   */
  next(): Buffer[] | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    this.#stepsLeft = STEPS_PER_CALL;
    do {
      const command = this.#parse();
      if (command !== undefined) return command;
    } while (!this.isBusy && this.#takeChunk());
    return undefined;
  }

  /** next() stopped only because the command is long: call it again, when others had a turn. */
  get isBusy(): boolean {
    return this.#stepsLeft <= 0;
  }

  /** Bytes kept: unread ones, and the command under way with what its arguments cost. */
  get heldBytes(): number {
    const awaited = this.#bulkLength < 0 ? 0 : this.#bulkLength;
    const whole = this.#phase === DROPPED ? 0 : this.#announcedBytes - awaited;
    const command = whole + this.#cut.heldBytes + this.#args.length * VIEW_BYTES;
    return this.unreadBytes + this.#inline.heldBytes + command;
  }

  /** Bytes that it has not looked at. */
  get unreadBytes(): number {
    return this.#laterBytes + this.#end - this.#at;
  }

  /** Drops all input: there are no more commands. */
  close(): void {
    this.#fail("closed");
  }

  /** The next command of this chunk; undefined when it is used up. */
  #parse(): Buffer[] | undefined {
    while (!this.isBusy && (this.#at < this.#end || this.#phase === WORDS)) {
      if (this.#phase === START && !this.#start()) continue;
      const command = this.#phase <= ARGUMENTS ? this.#readMultibulk() : this.#readOther();
      if (command !== undefined) return command;
    }
    return undefined;
  }

  /** Whether it is the start of something, and not a blank line. */
  #start(): boolean {
    const chunk = this.#chunk;
    const byte = chunk[this.#at];
    if (byte === STAR) {
      this.#at++;
      this.#phase = COUNT;
      return true;
    }
    if (byte !== LF && (byte !== CR || chunk[this.#at + 1] !== LF)) {
      this.#phase = INLINE;
      return true;
    }
    this.#at += byte === LF ? 1 : 2;
    this.#stepsLeft--;
    return false;
  }

  #readMultibulk(): Buffer[] | undefined {
    return this.#phase === ARGUMENTS || this.#readCount() ? this.#readArguments() : undefined;
  }

  #readOther(): Buffer[] | undefined {
    if (this.#phase === DROPPED) this.#drop();
    else if (this.#phase === WORDS || this.#readLine()) return this.#splitLine();
    return undefined;
  }

  /** Whether arguments follow. */
  #readCount(): boolean {
    const count = this.#readLength(COUNT_TOO_LONG);
    if (count === CUT) return false;
    if (count === INVALID || count > this.limits.argumentsMax) throw this.#fail(MULTIBULK_LENGTH);
    this.#expected = count;
    this.#phase = count > 0 ? ARGUMENTS : START;
    if (count <= 0) this.#stepsLeft--;
    return count > 0;
  }

  #readArguments(): Buffer[] | undefined {
    const args = this.#args;
    const { bulkBytesMax, requestBytesMax } = this.limits;
    while (args.length < this.#expected) {
      if (this.#bulkLength < 0) {
        if (!this.#readBulkLength()) return undefined;
        if (this.#bulkLength > bulkBytesMax || this.#announcedBytes > requestBytesMax) {
          return void this.#beginToDrop();
        }
      }
      const argument = this.#readBulk();
      if (argument === undefined) return undefined;
      args.push(argument);
      if (--this.#stepsLeft <= 0 && args.length < this.#expected) return undefined;
    }
    const bytes = this.#announcedBytes;
    this.#args = [];
    this.#argsBefore = 0;
    this.#announcedBytes = 0;
    this.#phase = START;
    const chunkBytes = this.#chunk.length;
    if (this.#at === this.#end) this.#chunk = NOTHING;
    if (this.#at === this.#end) [this.#at, this.#end] = [0, 0];
    return chunkBytes < LARGE_CHUNK_BYTES ? args : unpinned(args, bytes, chunkBytes);
  }

  /** Whether it is there; then it is in #bulkLength. */
  #readBulkLength(): boolean {
    if (this.#bulkLength === AT_DOLLAR) {
      if (this.#at === this.#end) return false;
      const byte = this.#chunk[this.#at]!;
      if (byte !== DOLLAR) throw this.#fail(`Protocol error: expected '$', got '${shown(byte)}'`);
      this.#at++;
      this.#bulkLength = IN_LENGTH;
    }
    const length = this.#readLength(LENGTH_TOO_LONG);
    if (length === CUT) return false;
    if (length < 0) throw this.#fail(BULK_LENGTH);
    this.#announcedBytes += length;
    this.#bulkLength = length;
    return true;
  }

  /** The argument announced last is too much: nothing of the command is kept. */
  #beginToDrop(): void {
    this.#phase = DROPPED;
    this.#expected -= this.#args.length;
    this.#args = [];
    this.#argsBefore = 0;
    this.#announceExcess();
  }

  #announceExcess(): void {
    const { bulkBytesMax, droppedBytesMax } = this.limits;
    if (this.#excessBytes === 0 && this.#bulkLength > bulkBytesMax) {
      this.#excessBytes = this.#bulkLength;
    }
    if (this.#announcedBytes > droppedBytesMax) throw this.#fail(this.#tooLarge(false));
  }

  /** Throws when the command is at its end. */
  #drop(): void {
    while (this.#expected > 0) {
      if (this.#bulkLength < 0) {
        if (!this.#readBulkLength()) return;
        this.#announceExcess();
      }
      const bulk = this.#cut.skip(this.#chunk, this.#at, this.#end, this.#bulkLength);
      if (this.#endOfCut(bulk) === undefined) return;
      this.#expected--;
      if (--this.#stepsLeft <= 0 && this.#expected > 0) return;
    }
    const error = this.#tooLarge(true);
    this.#phase = START;
    this.#announcedBytes = 0;
    this.#excessBytes = 0;
    throw error;
  }

  #tooLarge(isDropped: boolean): TooLarge {
    const { bulkBytesMax, requestBytesMax } = this.limits;
    return this.#excessBytes > 0
      ? new TooLarge("argument", this.#excessBytes, bulkBytesMax, isDropped)
      : new TooLarge("command", this.#announcedBytes, requestBytesMax, isDropped);
  }

  #readLength(tooLong: string): number {
    const line = this.#lengthLine;
    const length = line.read(this.#chunk, this.#at, this.#end);
    if (length === TOO_LONG) throw this.#fail(tooLong);
    if (length === CUT) this.#stepsLeft -= SLOW_BYTES_MAX / BYTES_PER_STEP;
    this.#at = line.at;
    return length;
  }

  #readBulk(): Buffer | undefined {
    const chunk = this.#chunk;
    const from = this.#at;
    const to = from + this.#bulkLength;
    if (to + 2 > this.#end || this.#cut.isBegun) return this.#readCutBulk();
    // Redis skips any two bytes here. A length that is wrong (characters counted
    // instead of bytes) would then cut an event short and nobody would ever hear of it.
    if (chunk[to] !== CR || chunk[to + 1] !== LF) throw this.#fail(BULK_LENGTH);
    this.#at = to + 2;
    this.#bulkLength = AT_DOLLAR;
    return from === to ? NOTHING : chunk.subarray(from, to);
  }

  #readCutBulk(): Buffer | undefined {
    const [from, cut] = [this.#at, this.#cut];
    const bytesMax = this.#stepsLeft * BYTES_PER_STEP;
    const bulk = cut.read(this.#chunk, from, this.#end, this.#bulkLength, bytesMax);
    this.#stepsLeft -= Math.ceil((cut.at - from) / BYTES_PER_STEP);
    return this.#endOfCut(bulk);
  }

  #endOfCut(bulk: Buffer | undefined | null): Buffer | undefined {
    if (bulk === null) throw this.#fail(BULK_LENGTH);
    this.#at = this.#cut.at;
    if (bulk !== undefined) this.#bulkLength = AT_DOLLAR;
    return bulk;
  }

  /** Whether the whole line is there. */
  #readLine(): boolean {
    const from = this.#at;
    const { inlineBytesMax } = this.limits;
    const taken = this.#inline.take(this.#chunk, from, this.#end, inlineBytesMax);
    if (taken === "too long") throw this.#fail(INLINE_TOO_LONG);
    this.#at = this.#inline.at;
    this.#stepsLeft -= 1 + Math.floor((this.#at - from) / BYTES_PER_STEP);
    if (taken === "whole") this.#phase = WORDS;
    return taken === "whole";
  }

  #splitLine(): Buffer[] | undefined {
    const wordsMax = Math.max(1, this.#stepsLeft);
    const words = this.#inline.split(wordsMax);
    if (words === "unbalanced") throw this.#fail(UNBALANCED_QUOTES);
    this.#stepsLeft -= words === "cut" ? wordsMax : words.length;
    if (words === "cut") return undefined;
    this.#phase = START;
    return words.length > 0 ? words : undefined;
  }

  /** Goes on to the chunk that follows, if there is one; the one used up is let go in any case. */
  #takeChunk(): boolean {
    this.#unpinChunk();
    this.#argsBefore = this.#args.length;
    const taken = this.#later[this.#head] ?? NOTHING;
    this.#chunk = taken;
    this.#at = 0;
    this.#end = taken.length;
    this.#laterBytes -= taken.length;
    if (taken === NOTHING) return false;
    this.#later[this.#head++] = NOTHING;
    if (this.#head * 2 > this.#later.length) {
      this.#later.splice(0, this.#head);
      this.#head = 0;
    }
    return true;
  }

  /**
   * A few arguments of a command that is not complete must not keep a large chunk, full of
   * commands long done, from being freed until the client deigns to send the rest.
   */
  #unpinChunk(): void {
    if (this.#chunk.length < PINNED_BYTES_MIN) return;
    const args = this.#args;
    const { contents } = this.#cut;
    let bytes = contents?.length ?? 0;
    for (let index = this.#argsBefore; index < args.length; index++) bytes += args[index]!.length;
    if (bytes === 0 || bytes * 2 > this.#chunk.length) return;
    const own = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    for (let index = this.#argsBefore; index < args.length; index++) {
      const length = args[index]!.copy(own, at);
      if (length > 0) args[index] = own.subarray(at, at + length);
      at += length;
    }
    if (contents?.copy(own, at)) this.#cut.contents = own.subarray(at);
  }

  #fail(error: ProtocolError | string): ProtocolError {
    this.#failure = typeof error === "string" ? new ProtocolError(error) : error;
    this.#chunk = NOTHING;
    this.#at = 0;
    this.#end = 0;
    this.#later = [];
    this.#laterBytes = 0;
    this.#phase = START;
    this.#args = [];
    this.#announcedBytes = 0;
    this.#bulkLength = AT_DOLLAR;
    this.#inline.clear();
    this.#cut.clear();
    return this.#failure;
  }
}
