// The text of a JSON object member by member, so that a value keeps its exact bytes: big integers,
// the order of members, blanks.

/** As it is written. Longer ones would only cost time. */
const NAME_BYTES_MAX = 1024 * 1024;

/** In what JSON.parse made of an object: the text of that object. */
export const RAW = Symbol("raw");

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;

export interface Member {
  /** Without escapes. */
  name: string;
  /** As it was written, without the blanks around it. A part of the text's memory. */
  value: Buffer;
}

/**
 * The members in their order; several may have the same name. Throws a SyntaxError if the text is
 * no object. What stands within values is not checked: parse the text as well.
 */
export function* membersOf(json: Buffer): Generator<Member> {
  let at = skip(json, skipBlanks(json, 0), OPEN_OBJECT);
  if (json[at] !== CLOSE_OBJECT) {
    while (true) {
      const nameEnd = endOfString(json, at);
      if (nameEnd - at > NAME_BYTES_MAX) throw new SyntaxError("the name of a member is too long");
      const name = JSON.parse(json.toString("utf8", at, nameEnd)) as string;
      const start = skip(json, skipBlanks(json, nameEnd), COLON);
      const end = endOfValue(json, start);
      yield { name, value: json.subarray(start, end) };
      at = skipBlanks(json, end);
      if (json[at] !== COMMA) break;
      at = skipBlanks(json, at + 1);
    }
  }
  if (skip(json, at, CLOSE_OBJECT) !== json.length) throw wrong(json, at + 1);
}

/** The value of the last member of that name, as JSON.parse takes it; null if there is none. */
export function rawMember(json: Buffer, name: string): Buffer | null {
  let found: Buffer | null = null;
  for (const member of membersOf(json)) if (member.name === name) found = member.value;
  return found;
}

function wrong(json: Buffer, at: number): SyntaxError {
  return new SyntaxError(at < json.length ? `wrong JSON at byte ${at}` : "the JSON ends too early");
}

function skipBlanks(json: Buffer, at: number): number {
  let end = at;
  while (isBlank(json[end])) end += 1;
  return end;
}

/** The index behind that byte and the blanks behind it. */
function skip(json: Buffer, at: number, byte: number): number {
  if (json[at] !== byte) throw wrong(json, at);
  return skipBlanks(json, at + 1);
}

function endOfValue(json: Buffer, at: number): number {
  const first = json[at]!;
  if (first === QUOTE) return endOfString(json, at);
  const isNested = first === OPEN_OBJECT || first === OPEN_ARRAY;
  return isNested ? endOfNested(json, at) : endOfWord(json, at);
}

/** The end of a string, whose quote is at that index. */
function endOfString(json: Buffer, at: number): number {
  if (json[at] !== QUOTE) throw wrong(json, at);
  const quote = json.indexOf(QUOTE, at + 1);
  if (quote > 0 && json[quote - 1] !== BACKSLASH) return quote + 1;
  // Searching takes longer than looking at each byte, if there are many quotes behind backslashes.
  for (let end = at + 1; end < json.length; end++) {
    if (json[end] === QUOTE) return end + 1;
    if (json[end] === BACKSLASH) end += 1;
  }
  throw wrong(json, json.length);
}

/** The end of an object or an array. Without recursion: it may be nested deeply. */
function endOfNested(json: Buffer, at: number): number {
  let depth = 0;
  for (let end = at; end < json.length; end++) {
    const byte = json[end]!;
    if (byte === QUOTE) end = endOfString(json, end) - 1;
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth += 1;
    else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      depth -= 1;
      if (depth === 0) return end + 1;
    }
  }
  throw wrong(json, json.length);
}

/** The end of a number, true, false or null. */
function endOfWord(json: Buffer, at: number): number {
  let end = at;
  while (end < json.length && !isDelimiter(json[end]!)) end += 1;
  if (end === at) throw wrong(json, at);
  return end;
}

function isDelimiter(byte: number): boolean {
  const isEnd = byte === COMMA || byte === CLOSE_OBJECT || byte === CLOSE_ARRAY;
  return isEnd || byte === COLON || isBlank(byte);
}

function isBlank(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
