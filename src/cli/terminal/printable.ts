// Makes names, contents and errors safe to show. Bytes that somebody else has chosen cannot move
// the cursor, colour the terminal, or change the direction of writing. All human output of a
// command, except raw contents, passes through here.

/** Runs of valid UTF-8 in latin1 text, or one byte that belongs to none. */
const RUNS = new RegExp(
  "(?:[\\x00-\\x7f]|[\\xc2-\\xdf][\\x80-\\xbf]|\\xe0[\\xa0-\\xbf][\\x80-\\xbf]|" +
    "[\\xe1-\\xec\\xee\\xef][\\x80-\\xbf]{2}|\\xed[\\x80-\\x9f][\\x80-\\xbf]|" +
    "\\xf0[\\x90-\\xbf][\\x80-\\xbf]{2}|[\\xf1-\\xf3][\\x80-\\xbf]{3}|" +
    "\\xf4[\\x80-\\x8f][\\x80-\\xbf]{2})+|[^]",
  "g",
);
/**
 * Control characters, line ends of Unicode, marks of the direction and other invisible characters,
 * halves of pairs. The two joiners stay: Persian and emojis need them.
 */
const UNSAFE = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0]/gu;
/** Bytes that are not UTF-8 in texts of the client: see client/names.ts. */
const [BYTE_80, BYTE_FF] = [0xdc80, 0xdcff];
const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

/** `\\xHH` of each byte. */
const BYTES = Array.from({ length: 256 }, (_, byte) => `\\x${byte.toString(16).padStart(2, "0")}`);

/**
 * One line. A byte that is not UTF-8 stands as `\xHH`, a character that is not shown as `\n`, `\t`,
 * `\x1b` or `\u{202e}`. A backslash stays as it is.
 */
export function printable(value: Buffer | string): string {
  const text = typeof value === "string" ? value : decoded(value);
  return text.replace(UNSAFE, escaped);
}

/** The same of text with several lines, which stay lines. */
export function printableLines(value: Buffer | string): string[] {
  const text = typeof value === "string" ? value : decoded(value);
  return text.split(/\r?\n/).map((line) => printable(line));
}

function escaped(character: string): string {
  const code = character.codePointAt(0)!;
  const byte = code >= BYTE_80 && code <= BYTE_FF ? code - BYTE_80 + 0x80 : code;
  if (byte < 0x80 || byte !== code) return SHORT[character] ?? BYTES[byte]!;
  return `\\u{${code.toString(16)}}`;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decoded(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes.toString("latin1").replace(RUNS, (run) => {
      const isByte = run.length === 1 && run >= "\x80";
      return isByte ? BYTES[run.charCodeAt(0)]! : Buffer.from(run, "latin1").toString();
    });
  }
}
