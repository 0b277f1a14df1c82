// Bytes from a client into commands, resumable at every byte. It must not know of sockets, nor of
// what a command means. Texts of errors are those of Redis.

import { Accumulator } from "./accumulator.ts";
import { splitInline } from "./inline.ts";
import { CUT, INVALID, LengthLine, TOO_LONG } from "./length-line.ts";

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
const REQUEST_TOO_BIG = "Protocol error: too big request";
const UNBALANCED = "Protocol error: unbalanced quotes in request";

/** About what a view costs besides its bytes: a million of empty arguments is not free. */
const VIEW_BYTES = 96;
/** A chunk smaller than this is not worth a copy to get rid of it, */
const PINNED_BYTES_MIN = 4096;
/** nor is one smaller than this for a whole command. */
const LARGE_CHUNK_BYTES = 64 * 1024;
const SLAB_BYTES = 16 * 1024;

/*
 *             "*"           count > 0
 *   START ---------> COUNT -----------> ARGUMENTS --- all there ---> START, a command
 *     |                 \-- count <= 0 --> START
 *     |  other                            LF
 *     \---------> INLINE ------------------------> START, a command unless blank
 *
 * Within ARGUMENTS bulkLength says more: AT_DOLLAR, IN_LENGTH, or the length of the contents.
 */
const START = 0;
const COUNT = 1;
const ARGUMENTS = 2;
const INLINE = 3;
const AT_DOLLAR = -2;
const IN_LENGTH = -1;

/**
 * What one call of next() may do, so that a command with a million arguments or one of many
 * megabytes holds nobody up: an argument is one step, and so is copying so many bytes.
 */
const STEPS_PER_CALL = 1024;
const BYTES_PER_STEP = 64;

export interface ParserLimits {
  /** The largest argument. */
  bulkBytesMax: number;
  /** All arguments of a command together. */
  requestBytesMax: number;
  argumentsMax: number;
  /** The longest inline command, and the longest line with a count or a length. */
  inlineBytesMax: number;
}

/** Malformed input. The message is an error reply without its "ERR ", of printable ASCII. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
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
  /** The argument or inline line that was cut. */
  #partial: Accumulator | undefined;
  /** An argument whose CRLF was cut off, and whether the CR was there. */
  #contents: Buffer | undefined;
  #atLineFeed = false;

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
   * ProtocolError on malformed input, and again whenever called after that.
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
    const cut = this.#contents?.length ?? this.#partial?.capacity ?? 0;
    const command = this.#announcedBytes - awaited + cut + this.#args.length * VIEW_BYTES;
    return this.unreadBytes + command;
  }

  /** Bytes that it has not looked at. */
  get unreadBytes(): number {
    return this.#laterBytes + this.#end - this.#at;
  }

  /** The next command of this chunk; undefined when it is used up. */
  #parse(): Buffer[] | undefined {
    while (this.#at < this.#end && !this.isBusy) {
      if (this.#phase === START) this.#start();
      let command: Buffer[] | undefined;
      if (this.#phase === INLINE) command = this.#readInline();
      else if (this.#phase === ARGUMENTS || this.#readCount()) command = this.#readArguments();
      if (command !== undefined) return command;
    }
    return undefined;
  }

  #start(): void {
    if (this.#chunk[this.#at] === STAR) {
      this.#at++;
      this.#phase = COUNT;
    } else this.#phase = INLINE;
  }

  /** Whether arguments follow. */
  #readCount(): boolean {
    const count = this.#readLength(COUNT_TOO_LONG);
    if (count === CUT) return false;
    if (count === INVALID || count > this.limits.argumentsMax) throw this.#fail(MULTIBULK_LENGTH);
    this.#expected = count;
    this.#phase = count > 0 ? ARGUMENTS : START;
    return count > 0;
  }

  #readArguments(): Buffer[] | undefined {
    const args = this.#args;
    while (args.length < this.#expected) {
      if (this.#bulkLength < 0 && !this.#readBulkLength()) return undefined;
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
    if (length < 0 || length > this.limits.bulkBytesMax) throw this.#fail(BULK_LENGTH);
    this.#announcedBytes += length;
    if (this.#announcedBytes > this.limits.requestBytesMax) {
      throw this.#fail(REQUEST_TOO_BIG);
    }
    this.#bulkLength = length;
    return true;
  }

  #readLength(tooLong: string): number {
    const line = this.#lengthLine;
    const length = line.read(this.#chunk, this.#at, this.#end);
    if (length === TOO_LONG) throw this.#fail(tooLong);
    this.#at = line.at;
    return length;
  }

  #readBulk(): Buffer | undefined {
    const chunk = this.#chunk;
    const from = this.#at;
    const to = from + this.#bulkLength;
    const isCut = this.#contents !== undefined || this.#partial !== undefined;
    if (isCut || to + 2 > this.#end) return this.#readCutBulk();
    // Redis skips two bytes here, whatever they are. A length that is wrong (characters counted
    // instead of bytes) would then cut an event short and nobody would ever hear of it.
    if (chunk[to] !== CR || chunk[to + 1] !== LF) throw this.#fail(BULK_LENGTH);
    this.#at = to + 2;
    this.#bulkLength = AT_DOLLAR;
    return from === to ? NOTHING : chunk.subarray(from, to);
  }

  #readCutBulk(): Buffer | undefined {
    this.#contents ??= this.#readCutContents();
    const contents = this.#contents;
    if (contents === undefined || this.#at === this.#end) return undefined;
    if (!this.#atLineFeed) {
      if (this.#chunk[this.#at++] !== CR) throw this.#fail(BULK_LENGTH);
      this.#atLineFeed = true;
      if (this.#at === this.#end) return undefined;
    }
    if (this.#chunk[this.#at++] !== LF) throw this.#fail(BULK_LENGTH);
    this.#atLineFeed = false;
    this.#contents = undefined;
    this.#bulkLength = AT_DOLLAR;
    return contents;
  }

  #readCutContents(): Buffer | undefined {
    const length = this.#bulkLength;
    const from = this.#at;
    const missing = length - (this.#partial?.length ?? 0);
    if (missing === length && from + length <= this.#end) {
      this.#at = from + length;
      return length === 0 ? NOTHING : this.#chunk.subarray(from, this.#at);
    }
    const to = Math.min(from + missing, this.#end, from + this.#stepsLeft * BYTES_PER_STEP);
    this.#at = to;
    this.#stepsLeft -= Math.ceil((to - from) / BYTES_PER_STEP);
    if (to === from) return undefined;
    this.#partial ??= new Accumulator(length);
    this.#partial.append(this.#chunk, from, to);
    if (this.#partial.length < length) return undefined;
    const contents = this.#partial.bytes();
    this.#partial = undefined;
    return contents;
  }

  #readInline(): Buffer[] | undefined {
    const from = this.#at;
    const lineFeed = this.#chunk.indexOf(LF, from);
    const to = lineFeed < 0 ? this.#end : lineFeed;
    const before = this.#partial?.length ?? 0;
    if (before + to - from > this.limits.inlineBytesMax) throw this.#fail(INLINE_TOO_LONG);
    let line = this.#chunk.subarray(from, to);
    if (lineFeed < 0 || before > 0) {
      this.#partial ??= new Accumulator(this.limits.inlineBytesMax);
      this.#partial.append(this.#chunk, from, to);
      line = this.#partial.bytes();
    }
    this.#at = to;
    if (lineFeed < 0) return undefined;
    this.#at++;
    this.#phase = START;
    this.#partial = undefined;
    // The CR of a CRLF is a blank to it.
    const args = splitInline(line);
    if (args === undefined) throw this.#fail(UNBALANCED);
    return args.length > 0 ? args : undefined;
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
    let bytes = this.#contents?.length ?? 0;
    for (let index = this.#argsBefore; index < args.length; index++) bytes += args[index]!.length;
    if (bytes === 0 || bytes * 2 > this.#chunk.length) return;
    const own = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    for (let index = this.#argsBefore; index < args.length; index++) {
      const length = args[index]!.copy(own, at);
      if (length > 0) args[index] = own.subarray(at, at + length);
      at += length;
    }
    if (this.#contents?.copy(own, at)) this.#contents = own.subarray(at);
  }

  #fail(text: string): ProtocolError {
    this.#failure = new ProtocolError(text);
    this.#chunk = NOTHING;
    this.#at = 0;
    this.#end = 0;
    this.#later = [];
    this.#laterBytes = 0;
    this.#args = [];
    this.#announcedBytes = 0;
    this.#bulkLength = AT_DOLLAR;
    this.#partial = undefined;
    this.#contents = undefined;
    return this.#failure;
  }
}

/** Where small arguments of commands in large chunks are copied to, one behind the other. */
let slab = NOTHING;
let slabAt = 0;

/**
 * A command may be under way for long: small arguments get other memory, for as views they would
 * keep the whole chunk.
 */
function unpinned(args: Buffer[], bytes: number, chunkBytes: number): Buffer[] {
  if ((bytes + args.length * VIEW_BYTES) * 2 > chunkBytes) return args;
  if (slabAt + bytes > slab.length) {
    slab = Buffer.allocUnsafeSlow(Math.max(bytes, SLAB_BYTES));
    slabAt = 0;
  }
  for (let index = 0; index < args.length; index++) {
    const start = slabAt;
    slabAt += args[index]!.copy(slab, start);
    args[index] = slab.subarray(start, slabAt);
  }
  return args;
}

/** One byte of a client's in an error text must not be able to end the reply early. */
function shown(byte: number): string {
  return byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "?";
}
