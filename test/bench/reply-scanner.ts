// Finds where one reply ends in received bytes, for the Redis protocol and for beanstalkd's. It
// makes no object per reply: its fields hold the values that the load generator checks.

const CR = 13;
const DOLLAR = 36;
const STAR = 42;
const PLUS = 43;
const MINUS = 45;
const COLON = 58;
const ZERO = 48;
const SPACE = 32;

export interface ReplyScanner {
  /** First byte of the last reply scanned. */
  first: number;
  /** Its integer, length or number of elements; for a line the length of its text; -1 for nil. */
  value: number;
  /** The range of the popped event's id, in the form that an ack repeats. */
  idFrom: number;
  idTo: number;
  /** The same of the token of its claim; empty if the server gives none. */
  tokenFrom: number;
  tokenTo: number;
  /** Bytes of the last bulk string in the reply, the token aside. */
  bulkBytes: number;
  /** The position after the reply that begins at `from`, or -1 when it is not complete. */
  scan(bytes: Uint8Array, from: number, end: number): number;
}

/**
 * RESP2. The id is bulk string number `idBulk` of the reply, kept as `$length CRLF id CRLF`. The
 * token, if there is one, is number `tokenBulk`.
 */
export class RespScanner implements ReplyScanner {
  first = 0;
  value = 0;
  idFrom = 0;
  idTo = 0;
  tokenFrom = 0;
  tokenTo = 0;
  bulkBytes = 0;
  readonly #idBulk: number;
  readonly #tokenBulk: number;

  constructor(idBulk: number, tokenBulk = -1) {
    this.#idBulk = idBulk;
    this.#tokenBulk = tokenBulk;
  }

  scan(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    let bulks = 0;
    for (let missing = 1; missing > 0; missing--) {
      if (at >= end) return -1;
      const start = at;
      const type = bytes[at++]!;
      const number = type === PLUS || type === MINUS ? 0 : this.#number(bytes, at, end);
      while (at < end && bytes[at] !== CR) at++;
      at += 2;
      if (at > end) return -1;
      if (start === from) {
        this.first = type;
        this.value = type === PLUS || type === MINUS ? at - 3 - start : number;
      }
      if (type === STAR) {
        if (number > 0) missing += number;
      } else if (type === DOLLAR && number >= 0) {
        at += number + 2;
        if (at > end) return -1;
        if (bulks === this.#idBulk) {
          this.idFrom = start;
          this.idTo = at;
        }
        if (bulks === this.#tokenBulk) {
          this.tokenFrom = start;
          this.tokenTo = at;
        } else this.bulkBytes = number;
        bulks++;
      } else if (type !== COLON && type !== PLUS && type !== MINUS && type !== DOLLAR) {
        throw new Error(`not a RESP2 reply: byte ${type}`);
      }
    }
    return at;
  }

  #number(bytes: Uint8Array, from: number, end: number): number {
    if (from < end && bytes[from] === MINUS) return -1;
    let value = 0;
    for (let at = from; at < end; at++) {
      const digit = bytes[at]! - ZERO;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    return value;
  }
}

const RESERVED = 82;

/** beanstalkd: one line, and after `RESERVED id bytes` a body. The id is kept as its digits. */
export class BeanstalkScanner implements ReplyScanner {
  first = 0;
  value = 0;
  idFrom = 0;
  idTo = 0;
  tokenFrom = 0;
  tokenTo = 0;
  bulkBytes = 0;

  scan(bytes: Uint8Array, from: number, end: number): number {
    let at = from;
    while (at < end && bytes[at] !== CR) at++;
    const next = at + 2;
    if (next > end) return -1;
    this.first = bytes[from]!;
    this.value = at - from;
    if (this.first !== RESERVED) return next;
    const idFrom = from + "RESERVED ".length;
    let digit = idFrom;
    while (bytes[digit] !== SPACE) digit++;
    const idTo = digit;
    let length = 0;
    for (digit++; digit < at; digit++) length = length * 10 + bytes[digit]! - ZERO;
    if (next + length + 2 > end) return -1;
    this.idFrom = idFrom;
    this.idTo = idTo;
    this.bulkBytes = length;
    return next + length + 2;
  }
}
