// Finds the end of each reply in a stream of replies in RESP2 or RESP3. It does not read their
// contents. Messages count as replies. Resumable at every byte.

const CR = 13;
const LF = 10;
const DOLLAR = 36;
const MINUS = 45;
const ZERO = 48;
/** Behind a bulk. */
const LINE_END_BYTES = 2;
const DEPTH_MAX = 64;
const DIGITS_MAX = 15;

/** Types whose line has the number of bytes that follow. */
const BULKS = new Set([..."$=!"].map(codeOf));
/** How many elements follow for each in the line. */
const AGGREGATES = new Map([..."*~>%"].map((type) => [codeOf(type), type === "%" ? 2 : 1]));
/** Types that are one line. */
const LINES = new Set([..."+-:_#,("].map(codeOf));

export class ReplyScanner {
  /** How many elements are missing, of the aggregate at each depth. */
  readonly #missing: number[] = [];
  /** Bytes of a bulk that are still to come, with its line end. */
  #bulkBytes = 0;
  /** Of the line that is being read; 0 between two lines. */
  #type = 0;
  #value = 0;
  #digits = 0;
  #isNegative = false;

  /**
   * The index behind the reply that begins at `from`, or that began in an earlier chunk; -1 if it
   * goes on in the next chunk. Throws if the bytes are no replies.
   */
  endOf(chunk: Uint8Array, from: number): number {
    let at = from;
    while (at < chunk.length) {
      if (this.#bulkBytes > 0) {
        const skipped = Math.min(this.#bulkBytes, chunk.length - at);
        this.#bulkBytes -= skipped;
        at += skipped;
        if (this.#bulkBytes > 0) return -1;
      } else {
        at = this.#readLine(chunk, at);
        if (at < 0) return -1;
        if (this.#endsLine()) continue;
      }
      if (this.#isWhole()) return at;
    }
    return -1;
  }

  /** The index behind the line; -1 if it goes on. */
  #readLine(chunk: Uint8Array, from: number): number {
    let at = from;
    if (this.#type === 0) this.#begin(chunk[at++]!);
    if (LINES.has(this.#type)) {
      const end = chunk.indexOf(LF, at);
      return end < 0 ? -1 : end + 1;
    }
    for (; at < chunk.length; at++) {
      const byte = chunk[at]!;
      if (byte === LF) return at + 1;
      if (byte === MINUS && this.#digits === 0) this.#isNegative = true;
      else if (byte !== CR) this.#addDigit(byte - ZERO);
    }
    return -1;
  }

  #begin(type: number): void {
    if (!BULKS.has(type) && !AGGREGATES.has(type) && !LINES.has(type)) throw noReply();
    this.#type = type;
    this.#value = 0;
    this.#digits = 0;
    this.#isNegative = false;
  }

  #addDigit(digit: number): void {
    if (digit < 0 || digit > 9 || ++this.#digits > DIGITS_MAX) throw noReply();
    this.#value = this.#value * 10 + digit;
  }

  /** A line is read. Returns whether something that belongs to it follows. */
  #endsLine(): boolean {
    const type = this.#type;
    this.#type = 0;
    if (LINES.has(type) || this.#isNegative) return false;
    if (this.#digits === 0) throw noReply();
    const factor = AGGREGATES.get(type);
    if (factor === undefined) this.#bulkBytes = this.#value + LINE_END_BYTES;
    else if (this.#value > 0) {
      if (this.#missing.push(this.#value * factor) > DEPTH_MAX) throw noReply();
    } else return false;
    return true;
  }

  /** An element is read. Returns whether the reply that it is in is too. */
  #isWhole(): boolean {
    const missing = this.#missing;
    while (missing.length > 0) {
      missing[missing.length - 1]! -= 1;
      if (missing.at(-1)! > 0) return false;
      missing.pop();
    }
    return true;
  }
}

/** The elements of an array, each as its bytes; null for a reply that is no array. */
export function elementsOf(reply: Buffer): Buffer[] | null {
  const isArray = AGGREGATES.get(reply[0]!) === 1 && reply[1] !== MINUS;
  if (!isArray) return null;
  const scanner = new ReplyScanner();
  const elements: Buffer[] = [];
  for (let at = reply.indexOf(LF) + 1; at < reply.length;) {
    const end = scanner.endOf(reply, at);
    if (end < 0) throw noReply();
    elements.push(reply.subarray(at, end));
    at = end;
  }
  return elements;
}

/** What is in a bulk; null for another reply. */
export function bulkIn(reply: Buffer): Buffer | null {
  if (reply[0] !== DOLLAR || reply[1] === MINUS) return null;
  return reply.subarray(reply.indexOf(LF) + 1, reply.length - LINE_END_BYTES);
}

/** The text of an error; null for another reply. */
export function errorIn(reply: Buffer): string | null {
  if (reply[0] !== MINUS) return null;
  return reply.toString("utf8", 1, reply.length - LINE_END_BYTES);
}

function codeOf(type: string): number {
  return type.charCodeAt(0);
}

function noReply(): Error {
  return new Error("the bytes are no reply");
}
