// A command as an array of bulk strings, read step by step and resumable at every byte. A command
// that is too large is read to its end and dropped, so that the next one can follow.
import { Bulk } from "./bulk.ts";
import type { Effort } from "./effort.ts";
import type { Chunks } from "./chunks.ts";
import { INCOMPLETE, INVALID, LengthLine } from "./length-line.ts";
import type { ParserLimits } from "./parser-limits.ts";
import { protocolError, TooLarge } from "./protocol-error.ts";
import { VIEW_BYTES } from "./unpinned.ts";

const DOLLAR = 36;

/** Less memory than this is not worth a copy of the arguments in it. */
const PINNED_BYTES_MIN = 4096;

/*
 *   IDLE -- begin() --> COUNT -- 1 or more --> ARGUMENTS -- all there --> IDLE, a command
 *     ^                   |                        |
 *     |------ 0 or less --+                        +-- too large --> DROPPED -- all there -->
 *     |                                                                   IDLE, throws TooLarge
 */
type Phase = "idle" | "count" | "arguments" | "dropped";
/** Within the argument that comes next. */
type Part = "dollar" | "length" | "contents";

/** Errors other than a TooLarge that is dropped are final: the reader must not be used again. */
export class Multibulk {
  #phase: Phase = "idle";
  #part: Part = "dollar";
  readonly #lengthLine: LengthLine;
  readonly #bulk = new Bulk();
  #missingArguments = 0;
  #args: Buffer[] = [];
  /** How many of the arguments were complete before this chunk. */
  #argsBefore = 0;
  /** Length of the argument that comes next, once it is known. */
  #length = 0;
  /** Of all arguments whose length is known. */
  #announcedBytes = 0;
  /** Length of the first argument that is too large; 0 when none is. */
  #excessBytes = 0;

  constructor(inlineBytesMax: number) {
    this.#lengthLine = new LengthLine(inlineBytesMax);
  }

  get isInProgress(): boolean {
    return this.#phase !== "idle";
  }

  /** Bytes of the command that are kept, and what its arguments cost besides. */
  get heldBytes(): number {
    if (this.#phase !== "arguments") return 0;
    const complete = this.#announcedBytes - (this.#part === "contents" ? this.#length : 0);
    return complete + this.#bulk.heldBytes + this.#args.length * VIEW_BYTES;
  }

  /** To be called after the "*". */
  begin(): void {
    this.#phase = "count";
  }

  /**
   * The arguments when the command is complete. Undefined when it is not, or had none, or the
   * effort is spent. Throws a TooLarge after a command that was dropped.
   */
  read(input: Chunks, effort: Effort, limits: ParserLimits): Buffer[] | undefined {
    if (this.#phase === "count" && !this.#readCount(input, effort, limits)) return undefined;
    if (this.#phase === "arguments") return this.#readArguments(input, effort, limits);
    return this.#drop(input, effort, limits);
  }

  /**
   * To be called before the parser leaves this chunk. Complete arguments that are a small part of
   * its memory are copied: the client may send the rest of the command much later.
   */
  unpin(chunk: Buffer): void {
    if (this.#phase === "idle") return;
    const args = this.#args;
    const first = this.#argsBefore;
    this.#argsBefore = args.length;
    const pinnedBytes = chunk.buffer.byteLength;
    if (pinnedBytes < PINNED_BYTES_MIN) return;
    const { contents } = this.#bulk;
    let bytes = contents?.length ?? 0;
    for (let index = first; index < args.length; index++) bytes += args[index]!.length;
    if (bytes === 0 || bytes * 2 > pinnedBytes) return;
    const own = Buffer.allocUnsafeSlow(bytes);
    let at = 0;
    for (let index = first; index < args.length; index++) {
      const length = args[index]!.copy(own, at);
      if (length > 0) args[index] = own.subarray(at, at + length);
      at += length;
    }
    if (contents?.copy(own, at)) this.#bulk.contents = own.subarray(at);
  }

  clear(): void {
    this.#phase = "idle";
    this.#part = "dollar";
    this.#bulk.clear();
    this.#args = [];
    this.#argsBefore = 0;
    this.#announcedBytes = 0;
    this.#excessBytes = 0;
  }

  /** Whether arguments follow. */
  #readCount(input: Chunks, effort: Effort, { argumentsMax }: ParserLimits): boolean {
    const count = this.#lengthLine.read(input, effort, "countTooLong");
    if (count === INCOMPLETE) return false;
    if (count === INVALID || count > argumentsMax) throw protocolError("count");
    this.#missingArguments = count;
    this.#phase = count > 0 ? "arguments" : "idle";
    if (count <= 0) effort.spend(1);
    return count > 0;
  }

  #readArguments(input: Chunks, effort: Effort, limits: ParserLimits): Buffer[] | undefined {
    while (this.#missingArguments > 0) {
      if (effort.isSpent || !this.#readLength(input, effort)) return undefined;
      if (this.#isTooLarge(limits)) {
        this.#beginToDrop();
        return this.#drop(input, effort, limits);
      }
      const argument = this.#bulk.read(input, this.#length, effort);
      if (argument === undefined) return undefined;
      this.#args.push(argument);
      this.#endArgument(effort);
    }
    const args = this.#args;
    this.clear();
    return args;
  }

  /** Whether the length of the argument that comes next is known. */
  #readLength(input: Chunks, effort: Effort): boolean {
    if (this.#part === "contents") return true;
    if (this.#part === "dollar") {
      if (input.isAtEnd) return false;
      const byte = input.chunk[input.at++]!;
      if (byte !== DOLLAR) throw protocolError("argument", byte);
      this.#part = "length";
    }
    const length = this.#lengthLine.read(input, effort, "lengthTooLong");
    if (length === INCOMPLETE) return false;
    if (length < 0) throw protocolError("length");
    this.#part = "contents";
    this.#length = length;
    this.#announcedBytes += length;
    return true;
  }

  #endArgument(effort: Effort): void {
    this.#part = "dollar";
    this.#missingArguments--;
    effort.spend(1);
  }

  #isTooLarge({ bulkBytesMax, requestBytesMax }: ParserLimits): boolean {
    return this.#length > bulkBytesMax || this.#announcedBytes > requestBytesMax;
  }

  /** Nothing of the command is kept. */
  #beginToDrop(): void {
    this.#phase = "dropped";
    this.#args = [];
    this.#argsBefore = 0;
  }

  /** Throws a TooLarge when the command is at its end, or when there is too much to drop. */
  #drop(input: Chunks, effort: Effort, limits: ParserLimits): undefined {
    while (this.#missingArguments > 0) {
      if (effort.isSpent || !this.#readLength(input, effort)) return;
      if (this.#excessBytes === 0 && this.#length > limits.bulkBytesMax) {
        this.#excessBytes = this.#length;
      }
      if (this.#announcedBytes > limits.droppedBytesMax) throw this.#tooLarge(limits, false);
      if (this.#bulk.skip(input, this.#length) === undefined) return;
      this.#endArgument(effort);
    }
    const error = this.#tooLarge(limits, true);
    this.clear();
    throw error;
  }

  #tooLarge({ bulkBytesMax, requestBytesMax }: ParserLimits, isDropped: boolean): TooLarge {
    return this.#excessBytes > 0
      ? new TooLarge("argument", this.#excessBytes, bulkBytesMax, isDropped)
      : new TooLarge("command", this.#announcedBytes, requestBytesMax, isDropped);
  }
}
