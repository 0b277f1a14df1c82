// Finds the end of a JSON value in bytes, and checks all of it. Without recursion, and without
// making the value: it may be nested deeply, and be large. Bytes of strings need not be UTF-8.

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const DOT = 0x2e;
const ZERO = 0x30;
const SMALL_E = 0x65;
const CAPITAL_E = 0x45;
const SMALL_U = 0x75;
const SPACE = 0x20;

/** Behind a backslash. */
const ESCAPES = new Set(Buffer.from('"\\/bfnrtu'));
const WORDS = new Map(["true", "false", "null"].map((word) => [word.charCodeAt(0), word]));

/** The index behind the blanks at that index. */
export function skipBlanks(json: Buffer, at: number): number {
  let end = at;
  while (isBlank(json[end])) end += 1;
  return end;
}

export interface ScanLimits {
  /** So many objects and arrays within each other. */
  depthMax: number;
  /** So many values, with those within others. */
  valuesMax: number;
}

/**
 * The index behind the value that begins at that index or behind blanks there. Throws a SyntaxError
 * if there is none, or if it is beyond the limits.
 */
export function endOfValue(
  json: Buffer,
  start: number,
  { depthMax, valuesMax }: ScanLimits,
): number {
  /** The bytes that will close what is open. */
  const open: number[] = [];
  let at = skipBlanks(json, start);
  for (let count = 1; ; count++) {
    if (count > valuesMax) throw new SyntaxError(`more than ${valuesMax} values`);
    const first = json[at];
    if (first === OPEN_OBJECT || first === OPEN_ARRAY) {
      const close = first === OPEN_OBJECT ? CLOSE_OBJECT : CLOSE_ARRAY;
      if (open.length === depthMax) throw new SyntaxError(`more than ${depthMax} levels`);
      at = skipBlanks(json, at + 1);
      if (json[at] !== close) {
        open.push(close);
        if (close === CLOSE_OBJECT) at = behindName(json, at);
        continue;
      }
      at += 1;
    } else at = endOfScalar(json, at);
    at = behindClosed(json, at, open);
    if (open.length === 0) return at;
    at = skipBlanks(json, at + 1);
    if (open.at(-1) === CLOSE_OBJECT) at = behindName(json, at);
  }
}

/** Behind a value: closes what ends there. The index of the comma of what is still open. */
function behindClosed(json: Buffer, start: number, open: number[]): number {
  let at = start;
  while (open.length > 0) {
    at = skipBlanks(json, at);
    if (json[at] === COMMA) return at;
    if (json[at] !== open.at(-1)) throw wrong(json, at);
    open.pop();
    at += 1;
  }
  return at;
}

/** Where the value of the member begins whose name is there. */
function behindName(json: Buffer, at: number): number {
  if (json[at] !== QUOTE) throw wrong(json, at);
  const colon = skipBlanks(json, endOfString(json, at));
  if (json[colon] !== COLON) throw wrong(json, colon);
  return skipBlanks(json, colon + 1);
}

function endOfScalar(json: Buffer, at: number): number {
  const first = json[at];
  if (first === QUOTE) return endOfString(json, at);
  if (first === MINUS || isDigit(first)) return endOfNumber(json, at);
  const word = first === undefined ? undefined : WORDS.get(first);
  if (word === undefined || json.toString("latin1", at, at + word.length) !== word) {
    throw wrong(json, at);
  }
  return at + word.length;
}

function endOfString(json: Buffer, start: number): number {
  for (let at = start + 1; at < json.length; at++) {
    const byte = json[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte < SPACE) throw wrong(json, at);
    if (byte !== BACKSLASH) continue;
    at += 1;
    if (!ESCAPES.has(json[at]!)) throw wrong(json, at);
    if (json[at] !== SMALL_U) continue;
    for (const end = at + 4; at < end; at++) if (!isHex(json[at + 1])) throw wrong(json, at + 1);
  }
  throw wrong(json, json.length);
}

function endOfNumber(json: Buffer, start: number): number {
  let at = json[start] === MINUS ? start + 1 : start;
  at = json[at] === ZERO ? at + 1 : endOfDigits(json, at);
  if (json[at] === DOT) at = endOfDigits(json, at + 1);
  if (json[at] !== SMALL_E && json[at] !== CAPITAL_E) return at;
  at += 1;
  return endOfDigits(json, json[at] === PLUS || json[at] === MINUS ? at + 1 : at);
}

/** At least one. */
function endOfDigits(json: Buffer, start: number): number {
  let at = start;
  while (isDigit(json[at])) at += 1;
  if (at === start) throw wrong(json, at);
  return at;
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= ZERO && byte <= ZERO + 9;
}

function isHex(byte: number | undefined): boolean {
  if (byte === undefined) return false;
  const small = byte | 0x20;
  return isDigit(byte) || (small >= 0x61 && small <= 0x66);
}

function isBlank(byte: number | undefined): boolean {
  return byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

function wrong(json: Buffer, at: number): SyntaxError {
  return new SyntaxError(at < json.length ? `wrong JSON at byte ${at}` : "the JSON ends too early");
}
