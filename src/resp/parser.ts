// Turns bytes from a client into commands, resumable at every byte. It knows neither sockets nor
// the meaning of a command. The texts of errors are those of Redis.
import { Effort } from "./effort.ts";
import { InlineCommand } from "./inline-command.ts";
import { Chunks } from "./chunks.ts";
import { Multibulk } from "./multibulk.ts";
import type { ParserLimits } from "./parser-limits.ts";
import { ProtocolError, TooLarge } from "./protocol-error.ts";
import { slabCopy } from "./slab.ts";
import { unpinned } from "./unpinned.ts";
import { WholeCommand } from "./whole-command.ts";

const CR = 13;
const LF = 10;
const STAR = 42;

/** A smaller chunk may be kept in memory by the arguments of one command. */
const LARGE_CHUNK_BYTES = 64 * 1024;
/**
 * Chunks up to this size are copied into a slab. Before the first view on a chunk from a socket the
 * engine makes an ArrayBuffer of it, which takes longer (by 0.4 microseconds for 100 bytes).
 */
const COPIED_CHUNK_BYTES_MAX = 4096;

/*
 *   between commands -- "*", all of a short command --> a command
 *          |----------- "*" --------------------------> a multibulk in progress ---> a command
 *          |----------- a blank line ----> nothing
 *          +----------- any other byte ---------------> an inline in progress -----> a command
 *
 * Any ProtocolError is the end, except for a TooLarge that was dropped.
 */

/**
 * Arguments may be views on the chunks, which must stay as they are while the arguments are in use.
 * A command keeps a chunk in memory if it is less than 64 KiB or at most twice the command's size.
 * An argument that did not arrive in one chunk has memory of its own, which grows with the bytes
 * received, not with the announced length.
 */
export class Parser {
  /** May be changed between commands; inlineBytesMax stays the first one for counts and lengths. */
  limits: ParserLimits;
  readonly #input = new Chunks();
  readonly #effort = new Effort();
  readonly #whole = new WholeCommand();
  readonly #multibulk: Multibulk;
  readonly #inline = new InlineCommand();
  #failure: ProtocolError | undefined;
  /** Where the latest command begins in this chunk; -1 if it is not in it as a whole. */
  #latestAt = -1;

  constructor(limits: ParserLimits) {
    this.limits = limits;
    this.#multibulk = new Multibulk(limits.inlineBytesMax);
  }

  /** Takes ownership of the chunk. Bytes of earlier chunks that are not read yet come first. */
  feed(chunk: Buffer): void {
    if (chunk.length === 0 || this.#failure !== undefined) return;
    // A chunk that must wait is not copied: each of many tiny ones could keep another slab.
    const isCopied = chunk.length <= COPIED_CHUNK_BYTES_MAX && this.unparsedBytes === 0;
    this.#input.add(isCopied ? slabCopy(chunk) : chunk);
  }

  /**
   * The next complete command, with one argument at least; undefined: feed more. Throws a
   * ProtocolError on malformed input, and again whenever called after that. Throws a TooLarge once
   * for a command that was dropped.
   */
  next(): Buffer[] | undefined {
    if (this.#failure !== undefined) throw this.#failure;
    this.#effort.renew();
    try {
      do {
        const command = this.#nextInChunk();
        if (command !== undefined) return command;
      } while (!this.isBusy && this.#advance());
      return undefined;
    } catch (error) {
      if (!(error instanceof TooLarge && error.isDropped)) this.#end(error as ProtocolError);
      throw error;
    }
  }

  /** next() stopped although there is more to read: call it again, when others had their turn. */
  get isBusy(): boolean {
    return this.#effort.isSpent;
  }

  /** Whether the next command is, byte for byte, the latest one. It may be, where this is false. */
  get isNextSame(): boolean {
    const { chunk, at } = this.#input;
    const to = 2 * at - this.#latestAt;
    if (this.#latestAt === -1 || to > chunk.length) return false;
    return chunk.compare(chunk, at, to, this.#latestAt, at) === 0;
  }

  /** Bytes kept: unparsed ones, and the command in progress with what its arguments cost. */
  get heldBytes(): number {
    return this.unparsedBytes + this.#multibulk.heldBytes + this.#inline.heldBytes;
  }

  /** Bytes that the parser has not looked at yet. */
  get unparsedBytes(): number {
    return this.#input.unparsedBytes;
  }

  /** Drops all input: there are no more commands. */
  close(): void {
    this.#end(new ProtocolError("closed"));
  }

  /** The next command of this chunk; undefined when it is used up or the effort is spent. */
  #nextInChunk(): Buffer[] | undefined {
    while (!this.isBusy && (!this.#input.isAtEnd || this.#inline.hasLine)) {
      const command = this.#continue();
      if (command !== undefined) return command;
    }
    return undefined;
  }

  #continue(): Buffer[] | undefined {
    const input = this.#input;
    this.#latestAt = -1;
    if (this.#inline.isInProgress) {
      return this.#inline.read(input, this.#effort, this.limits.inlineBytesMax);
    }
    const { chunk } = input;
    const command = this.#multibulk.isInProgress
      ? this.#multibulk.read(input, this.#effort, this.limits)
      : this.#begin(chunk, input.at);
    if (command === undefined) return undefined;
    if (input.isAtEnd) {
      input.free();
      this.#latestAt = -1;
    }
    return chunk.length < LARGE_CHUNK_BYTES ? command : unpinned(command, chunk.length);
  }

  /** At the first byte of a command. Returns the command if it is a whole multibulk. */
  #begin(chunk: Buffer, at: number): Buffer[] | undefined {
    const input = this.#input;
    const byte = chunk[at];
    if (byte === STAR) {
      const command = this.#whole.read(chunk, at, this.limits);
      if (command !== undefined) {
        input.at = this.#whole.end;
        this.#latestAt = at;
      } else {
        input.at = at + 1;
        this.#multibulk.begin();
      }
      return command;
    }
    if (byte === LF || (byte === CR && chunk[at + 1] === LF)) {
      input.at += byte === LF ? 1 : 2;
      this.#effort.spend(1);
    } else this.#inline.begin();
    return undefined;
  }

  /** Goes on to the next chunk, if there is one. */
  #advance(): boolean {
    this.#multibulk.unpin(this.#input.chunk);
    return this.#input.advance();
  }

  #end(failure: ProtocolError): void {
    this.#failure = failure;
    this.#latestAt = -1;
    this.#input.clear();
    this.#multibulk.clear();
    this.#inline.clear();
  }
}
