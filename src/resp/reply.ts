// Replies to commands as values, and their bytes in RESP2 and RESP3.

const CR = 13;
const LF = 10;
const ZERO = 48;
const PLUS = 43;
const MINUS = 45;
const COLON = 58;
const DOLLAR = 36;
const STAR = 42;
const PERCENT = 37;
const GREATER = 62;
const TILDE = 126;

const NOTHING: Buffer = Buffer.alloc(0);
const OK_BYTES = Buffer.from("+OK\r\n");
const NIL_ARRAY_BYTES = { 2: Buffer.from("*-1\r\n"), 3: Buffer.from("_\r\n") };
const NIL_BYTES = { 2: Buffer.from("$-1\r\n"), 3: Buffer.from("_\r\n") };

const CAPACITY_MIN = 1024;
const KEPT_BYTES_MAX = 256 * 1024;
/** A type, up to 17 digits and their sign, two line ends. */
const HEADER_BYTES_MAX = 24;
const LINE_BYTES_MAX = 512;
const BREAKS_LINE = /[\r\n\0]/g;
/** A copy of fewer bytes than this is faster by hand than by a call into native code. */
const NATIVE_COPY_BYTES_MIN = 24;

const QUOTED_CHARACTERS_MAX = 128;
const UTF8_BYTES_MAX = 4;
/** Controls, formats such as a change of direction, surrogates, unassigned; line separators. */
const UNPRINTABLE = /[\p{C}\p{Zl}\p{Zp}\uFFFD]/u;

/**
 * null is nil, a number an integer, a string (UTF-8) and a Buffer a bulk string, an array an array.
 * Numbers must be safe integers.
 */
export type Reply =
  | null
  | number
  | string
  | Buffer
  | Simple
  | ErrorReply
  | NilArray
  | Pairs
  | PairLists
  | SetHead
  | Members
  | Push
  | Constant
  | Encoded
  | Reply[];

export type ProtocolVersion = 2 | 3;

/** A status: +OK. */
export class Simple {
  constructor(readonly text: string) {}
}

/** An error. Its text begins with a code, as in "ERR missing args"; drivers act on some codes. */
export class ErrorReply {
  constructor(readonly text: string) {}
}

/** nil in the place of an array or a map: RESP2 has another form of it. */
class NilArray {
  readonly kind = "nil array";
}

export const NIL_ARRAY = new NilArray();

/** A map in RESP3, in RESP2 a flat array of keys and values. */
export class Pairs {
  constructor(readonly entries: [Reply, Reply][]) {}

  /** Leaves out the keys whose value is null. */
  static withoutNil(entries: [Reply, Reply][]): Pairs {
    return new Pairs(entries.filter(([, value]) => value !== null));
  }
}

/** A map in RESP3, in RESP2 an array of arrays of a key and its value. */
export class PairLists {
  constructor(readonly entries: [Reply, Reply][]) {}
}

/** The first bytes of a set with this number of elements: an array in RESP2. */
export class SetHead {
  constructor(readonly count: number) {}
}

/** A set in RESP3, an array in RESP2. */
export class Members {
  constructor(readonly elements: Reply[]) {}
}

/** A message that is no reply: a push in RESP3, in RESP2 an array. */
export class Push {
  constructor(readonly elements: Reply[]) {}
}

/** A long reply that is always the same: its bytes are made once per version. */
export class Constant {
  readonly #reply: Reply;
  readonly #bytes: Partial<Record<ProtocolVersion, Buffer>> = {};

  constructor(reply: Reply) {
    this.#reply = reply;
  }

  bytes(version: ProtocolVersion): Buffer {
    const known = this.#bytes[version];
    if (known) return known;
    const output = new Output();
    output.write(this.#reply, version);
    return (this.#bytes[version] = output.bytes());
  }
}

/** Bytes that are a reply already, in both versions, or a part of one. */
export class Encoded {
  static readonly LINE_END = new Encoded(Buffer.from("\r\n"));

  constructor(readonly bytes: Buffer) {}

  /** The first bytes of an array with this number of elements. */
  static arrayHead(length: number): Encoded {
    return new Encoded(Buffer.from(`*${length}\r\n`));
  }

  /** The first bytes of a bulk string of this length; LINE_END comes after its contents. */
  static bulkHead(length: number): Encoded {
    return new Encoded(Buffer.from(`$${length}\r\n`));
  }
}

export const OK = new Simple("OK");

/** Replies one after the other, in a buffer that grows. It only ever appends. */
export class Output {
  readonly #keptBytesMax: number;
  #buffer = NOTHING;
  #length = 0;

  constructor(keptBytesMax = KEPT_BYTES_MAX) {
    this.#keptBytesMax = keptBytesMax;
  }

  get length(): number {
    return this.#length;
  }

  /** Appends a reply. Throws a RangeError, and appends nothing, for a number that is no integer. */
  write(reply: Reply, version: ProtocolVersion): void {
    const before = this.#length;
    try {
      this.#write(reply, version);
    } catch (error) {
      this.#length = before;
      throw error;
    }
  }

  /** Begins an array of this many replies, which are to be written next. */
  writeArrayHeader(length: number): void {
    this.#writeHeader(STAR, length);
  }

  /** Appends a bulk string of these two parts. */
  writeBulk(head: Buffer, tail: Buffer): void {
    const length = head.length + tail.length;
    this.#reserve(length + HEADER_BYTES_MAX);
    this.#writeHeader(DOLLAR, length);
    this.#append(head);
    this.#append(tail);
    this.#endLine();
  }

  /** Its first `length` bytes were written; valid until clear() or the next write. */
  get buffer(): Buffer {
    return this.#buffer;
  }

  /** A view of all that was written, valid until clear() or the next write. */
  bytes(): Buffer {
    return this.#buffer.subarray(0, this.#length);
  }

  /** Starts over. Keeps at most keptBytesMax of memory for the next replies. */
  clear(): void {
    this.#length = 0;
    if (this.#buffer.length > this.#keptBytesMax) this.#buffer = NOTHING;
  }

  #write(reply: Reply, version: ProtocolVersion): void {
    if (reply === OK) this.#append(OK_BYTES);
    else if (reply === null) this.#append(NIL_BYTES[version]);
    else if (typeof reply === "number") this.#writeInteger(reply);
    else if (typeof reply === "string") this.#writeText(reply);
    else if (Buffer.isBuffer(reply)) this.#writeBulk(reply);
    else if (Array.isArray(reply)) {
      this.#writeHeader(STAR, reply.length);
      for (const element of reply) this.#write(element, version);
    } else if (reply instanceof Simple) this.#writeLine(PLUS, reply.text);
    else if (reply instanceof ErrorReply) this.#writeLine(MINUS, reply.text);
    else if (reply instanceof Constant) this.#append(reply.bytes(version));
    else if (reply instanceof Encoded) this.#append(reply.bytes);
    else if (reply instanceof NilArray) this.#append(NIL_ARRAY_BYTES[version]);
    else if (reply instanceof Push) this.#writePush(reply, version);
    else if (reply instanceof SetHead) this.#writeSetHead(reply.count, version);
    else if (reply instanceof Members) this.#writeMembers(reply, version);
    else if (reply instanceof PairLists) this.#writePairLists(reply, version);
    else this.#writePairs(reply, version);
  }

  #writePush({ elements }: Push, version: ProtocolVersion): void {
    this.#writeHeader(version === 3 ? GREATER : STAR, elements.length);
    for (const element of elements) this.#write(element, version);
  }

  #writeSetHead(count: number, version: ProtocolVersion): void {
    this.#writeHeader(version === 3 ? TILDE : STAR, count);
  }

  #writeMembers({ elements }: Members, version: ProtocolVersion): void {
    this.#writeSetHead(elements.length, version);
    for (const element of elements) this.#write(element, version);
  }

  #writePairs(pairs: Pairs, version: ProtocolVersion): void {
    const { entries } = pairs;
    if (version === 3) this.#writeHeader(PERCENT, entries.length);
    else this.#writeHeader(STAR, entries.length * 2);
    for (const [key, value] of entries) {
      this.#write(key, version);
      this.#write(value, version);
    }
  }

  #writePairLists({ entries }: PairLists, version: ProtocolVersion): void {
    this.#writeHeader(version === 3 ? PERCENT : STAR, entries.length);
    for (const [key, value] of entries) {
      if (version === 2) this.#writeHeader(STAR, 2);
      this.#write(key, version);
      this.#write(value, version);
    }
  }

  #writeInteger(value: number): void {
    if (!Number.isSafeInteger(value)) throw new RangeError(`not an integer reply: ${value}`);
    this.#writeHeader(COLON, value);
  }

  #writeText(text: string): void {
    const length = Buffer.byteLength(text);
    this.#writeHeader(DOLLAR, length);
    this.#reserve(length + 2);
    this.#length += this.#buffer.write(text, this.#length);
    this.#endLine();
  }

  #writeBulk(bytes: Buffer): void {
    this.#reserve(bytes.length + HEADER_BYTES_MAX);
    this.#writeHeader(DOLLAR, bytes.length);
    this.#append(bytes);
    this.#endLine();
  }

  /** A line must stay one line, and short, with any bytes in its text. */
  #writeLine(type: number, text: string): void {
    const line = Buffer.from(text.slice(0, LINE_BYTES_MAX).replace(BREAKS_LINE, " "));
    let length = Math.min(line.length, LINE_BYTES_MAX);
    while (length < line.length && isContinuation(line[length]!)) length--;
    this.#reserve(length + 3);
    this.#buffer[this.#length++] = type;
    this.#append(line.subarray(0, length));
    this.#endLine();
  }

  #writeHeader(type: number, value: number): void {
    this.#reserve(HEADER_BYTES_MAX);
    const buffer = this.#buffer;
    let at = this.#length;
    buffer[at++] = type;
    if (value >= 0 && value < 10) buffer[at++] = ZERO + value;
    else if (value >= 10 && value < 1_000_000_000) {
      let end = at + digitsOf(value);
      this.#length = end;
      for (let rest = value; end > at; rest = (rest / 10) | 0) buffer[--end] = ZERO + (rest % 10);
      at = this.#length;
    } else at += buffer.write(String(value), at, "latin1");
    this.#length = at;
    this.#endLine();
  }

  /** Needs two reserved bytes. */
  #endLine(): void {
    this.#buffer[this.#length] = CR;
    this.#buffer[this.#length + 1] = LF;
    this.#length += 2;
  }

  #append(bytes: Buffer): void {
    this.#reserve(bytes.length);
    if (bytes.length < NATIVE_COPY_BYTES_MIN) {
      const buffer = this.#buffer;
      const start = this.#length;
      for (let at = 0; at < bytes.length; at++) buffer[start + at] = bytes[at]!;
    } else this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  #reserve(bytes: number): void {
    const needed = this.#length + bytes;
    if (needed <= this.#buffer.length) return;
    const capacity = Math.max(needed, this.#buffer.length * 2, CAPACITY_MIN);
    const grown = Buffer.allocUnsafeSlow(capacity);
    this.#buffer.copy(grown, 0, 0, this.#length);
    this.#buffer = grown;
  }
}

/**
 * Bytes of a client as text for an error: bytes that are not printable UTF-8 become "?", and a text
 * of more than 128 characters is cut and ends in "...". Put it last in the error: it might spell a
 * code that drivers act on.
 */
export function quoteForError(bytes: Buffer): string {
  // One character more than is shown tells whether there is more to it.
  const start = bytes.toString("utf8", 0, (QUOTED_CHARACTERS_MAX + 1) * UTF8_BYTES_MAX);
  const characters = Array.from(start, (each) => (UNPRINTABLE.test(each) ? "?" : each));
  if (characters.length <= QUOTED_CHARACTERS_MAX) return characters.join("");
  return `${characters.slice(0, QUOTED_CHARACTERS_MAX).join("")}...`;
}

/** Of an integer from 1 to 999,999,999. */
function digitsOf(value: number): number {
  let digits = 1;
  for (let bound = 10; value >= bound; bound *= 10) digits++;
  return digits;
}

/** Whether a byte is within a UTF-8 character, not at its start. */
function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}
