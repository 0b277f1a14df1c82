// An inline command: a line of words, as a person types it into nc or telnet. Resumable at every
// byte of the line, and then at every word.
import { Accumulator } from "./accumulator.ts";
import type { Effort } from "./effort.ts";
import { splitWords } from "./inline-words.ts";
import type { Chunks } from "./chunks.ts";
import { protocolError } from "./protocol-error.ts";

const LF = 10;
const NOTHING: Buffer = Buffer.alloc(0);

/*
 *   IDLE -- begin() --> LINE -- its LF --> WORDS -- all split --> IDLE, a command unless blank
 */
export class InlineCommand {
  #phase: "idle" | "line" | "words" = "idle";
  #partial: Accumulator | undefined;
  #line = NOTHING;
  /** Where the words that are not split yet begin. */
  #lineAt = 0;
  #words: Buffer[] = [];

  get isInProgress(): boolean {
    return this.#phase !== "idle";
  }

  /** Whether it can go on without more input. */
  get hasLine(): boolean {
    return this.#phase === "words";
  }

  /** Bytes kept of an incomplete line, and of a complete one those that are not split. */
  get heldBytes(): number {
    return (this.#partial?.capacity ?? 0) + this.#line.length - this.#lineAt;
  }

  begin(): void {
    this.#phase = "line";
  }

  /**
   * The words of the line when it is complete. Undefined when it is not, or has none, or the effort
   * is spent. Throws a ProtocolError when it is longer than bytesMax or its quotes do not match.
   */
  read(input: Chunks, effort: Effort, bytesMax: number): Buffer[] | undefined {
    if (this.#phase === "line" && !this.#readLine(input, effort, bytesMax)) return undefined;
    return this.#split(effort);
  }

  clear(): void {
    this.#phase = "idle";
    this.#partial = undefined;
    this.#line = NOTHING;
    this.#lineAt = 0;
    this.#words = [];
  }

  /** Whether the line is complete. */
  #readLine(input: Chunks, effort: Effort, bytesMax: number): boolean {
    const { chunk, at: from, end } = input;
    const lineFeed = chunk.indexOf(LF, from);
    const to = lineFeed < 0 ? end : lineFeed;
    const bytesBefore = this.#partial?.length ?? 0;
    if (bytesBefore + to - from > bytesMax) throw protocolError("inlineTooLong");
    effort.spendBytes(to + 1 - from);
    input.at = lineFeed < 0 ? end : lineFeed + 1;
    if (lineFeed >= 0 && bytesBefore === 0) this.#line = chunk.subarray(from, to);
    else {
      this.#partial ??= new Accumulator(bytesMax);
      this.#partial.append(chunk, from, to);
      if (lineFeed < 0) return false;
      this.#line = this.#partial.bytes();
      this.#partial = undefined;
    }
    this.#phase = "words";
    return true;
  }

  /** The CR of a CRLF is a space, which separates words. */
  #split(effort: Effort): Buffer[] | undefined {
    const words = this.#words;
    const countBefore = words.length;
    const countMax = countBefore + effort.stepsLeft;
    this.#lineAt = splitWords(this.#line, this.#lineAt, words, countMax);
    effort.spend(words.length - countBefore);
    if (this.#lineAt < this.#line.length) return undefined;
    this.clear();
    return words.length > 0 ? words : undefined;
  }
}
