// The text of JSON, laid out for people. Numbers and strings stay as they were written: nothing is
// parsed and written again, which would change large numbers.

export type TokenKind = "key" | "string" | "number" | "word" | "mark";
export type Token = [kind: TokenKind, text: string];

/** Deeper levels are indented no further. */
const INDENTS_MAX = 30;

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** An object or an array, or the beginning of one. */
export function looksLikeJson(text: string): boolean {
  return /^\s*[[{]/.test(text);
}

/** With the line breaks and blanks between them. The text may end anywhere. */
export function layOut(text: string): Token[] {
  const tokens: Token[] = [];
  let depth = 0;
  const line = () => `\n${"  ".repeat(Math.min(depth, INDENTS_MAX))}`;
  for (let at = skip(text, 0); at < text.length;) {
    const end = endOf(text, at);
    const part = text.slice(at, end);
    const next = skip(text, end);
    if (part === "{" || part === "[") {
      const isEmpty = text[next] === "}" || text[next] === "]";
      if (!isEmpty) depth += 1;
      tokens.push(["mark", isEmpty ? part : part + line()]);
    } else if (part === "}" || part === "]") {
      const isEmpty = /^[[{]$/.test(tokens.at(-1)?.[1] ?? "");
      if (!isEmpty) depth = Math.max(0, depth - 1);
      tokens.push(["mark", isEmpty ? part : line() + part]);
    } else if (part === ",") {
      tokens.push(["mark", part + line()]);
    } else if (part === ":") {
      tokens.push(["mark", ": "]);
    } else {
      tokens.push([kindOf(part, text[next] === ":"), part]);
    }
    at = next;
  }
  return tokens;
}

function kindOf(part: string, isBeforeColon: boolean): TokenKind {
  if (part.startsWith('"')) return isBeforeColon ? "key" : "string";
  return /^[-\d]/.test(part) ? "number" : "word";
}

const BLANK = /[ \t\r\n]/;
const MARKS = "{}[],:";

function skip(text: string, from: number): number {
  let at = from;
  while (at < text.length && BLANK.test(text[at]!)) at++;
  return at;
}

/** Where the token that begins there ends. */
function endOf(text: string, from: number): number {
  if (MARKS.includes(text[from]!)) return from + 1;
  let at = from + 1;
  if (text[from] === '"') {
    while (at < text.length && text[at] !== '"') at += text[at] === "\\" ? 2 : 1;
    return Math.min(at + 1, text.length);
  }
  while (at < text.length && !BLANK.test(text[at]!) && !MARKS.includes(text[at]!)) at++;
  return at;
}
