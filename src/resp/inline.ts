// Splits an inline command, typed by a person into nc or telnet, into its arguments by the rules of
// Redis' sdssplitargs. It must not know where the line came from.

const QUOTE = 34;
const APOSTROPHE = 39;
const BACKSLASH = 92;
const SPACE = 32;
const LETTER_X = 120;
/** What a letter behind a backslash stands for: n, r, t, b, a. Any other one is itself. */
const ESCAPES = new Map([
  [110, 10],
  [114, 13],
  [116, 9],
  [98, 8],
  [97, 7],
]);

/** The arguments, none for a blank line; undefined when quotes are not balanced. */
export function splitInline(line: Buffer): Buffer[] | undefined {
  const args: Buffer[] = [];
  let at = 0;
  for (;;) {
    while (at < line.length && isSpace(line[at]!)) at++;
    if (at === line.length) return args;
    const from = at;
    while (at < line.length && !endsWord(line[at]!)) at++;
    const quote = line[at];
    if (quote !== QUOTE && quote !== APOSTROPHE) {
      args.push(line.subarray(from, at));
      continue;
    }
    const bytes = [...line.subarray(from, at)];
    at = quote === QUOTE ? readQuoted(line, at + 1, bytes) : readApostrophed(line, at + 1, bytes);
    if (at < 0 || (at < line.length && !isSpace(line[at]!))) return undefined;
    args.push(Buffer.from(bytes));
  }
}

/** Where the text behind the closing quote starts, -1 when there is none. */
function readQuoted(line: Buffer, from: number, bytes: number[]): number {
  for (let at = from; at < line.length; at++) {
    const byte = line[at]!;
    if (byte === QUOTE) return at + 1;
    if (byte !== BACKSLASH || at + 1 === line.length) {
      bytes.push(byte);
      continue;
    }
    const escaped = line[++at]!;
    const high = hexDigit(line[at + 1]);
    const low = hexDigit(line[at + 2]);
    if (escaped === LETTER_X && high >= 0 && low >= 0) {
      bytes.push(high * 16 + low);
      at += 2;
    } else bytes.push(ESCAPES.get(escaped) ?? escaped);
  }
  return -1;
}

function readApostrophed(line: Buffer, from: number, bytes: number[]): number {
  for (let at = from; at < line.length; at++) {
    if (line[at] === APOSTROPHE) return at + 1;
    if (line[at] === BACKSLASH && line[at + 1] === APOSTROPHE) at++;
    bytes.push(line[at]!);
  }
  return -1;
}

/** As C's isspace: tab, LF, VT, FF, CR and the space. */
function isSpace(byte: number): boolean {
  return byte === SPACE || (byte >= 9 && byte <= 13);
}

/** VT and FF separate words, yet do not end one: so does Redis. */
function endsWord(byte: number): boolean {
  if (byte === QUOTE || byte === APOSTROPHE || byte === SPACE) return true;
  return byte === 9 || byte === 10 || byte === 13;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 48 && byte <= 57) return byte - 48;
  const letter = byte | 32;
  return letter >= 97 && letter <= 102 ? letter - 87 : -1;
}
