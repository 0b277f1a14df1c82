// Names and contents are bytes that clients chose. A Name is such bytes percent-encoded: it stands
// in URLs as it is, and equal bytes are equal Names.

export type Name = string & { readonly __kind: "Name" };

/** A property of the API that holds bytes: text, or base64 under another name. */
export type Bytes<N extends string> = { [Key in N | `${N}Base64`]?: string };

export function nameOf(text: string): Name {
  return encodeURIComponent(text.toWellFormed()) as Name;
}

function nameOfBytes(bytes: Uint8Array): Name {
  const hex = [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0").toUpperCase()}`);
  return hex.join("") as Name;
}

/** null if there is no such property. */
export function nameIn<N extends string>(object: Bytes<N>, name: N): Name | null {
  const text = object[name];
  if (text !== undefined) return nameOf(text);
  const base64 = object[`${name}Base64`];
  return base64 === undefined ? null : nameOfBytes(fromBase64(base64));
}

function fromBase64(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (char) => char.charCodeAt(0));
}

/** null if the bytes are not UTF-8. */
export function textOfName(name: Name): string | null {
  return textOf(bytesOf(name));
}

export function base64Of(name: Name): string {
  return btoa(String.fromCharCode(...bytesOf(name)));
}

/** The property of a request that holds the bytes of a Name. */
export function bytesUnder(property: string, name: Name): Record<string, string> {
  const text = textOfName(name);
  return text === null ? { [`${property}Base64`]: base64Of(name) } : { [property]: text };
}

function bytesOf(name: Name): Uint8Array {
  const latin1 = name.replaceAll(/%([\dA-F]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Uint8Array.from(latin1, (char) => char.charCodeAt(0));
}

/** null if the bytes are not UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** The names in a list of bytes: if one is no text, all are in base64 under another name. */
export function namesIn<N extends string>(
  object: { [Key in N | `${N}Base64`]?: string[] },
  name: N,
): Name[] {
  const base64 = object[`${name}Base64`] ?? [];
  return [
    ...(object[name] ?? []).map(nameOf),
    ...base64.map((each) => nameOfBytes(fromBase64(each))),
  ];
}

/** For people: control characters and bytes that are not UTF-8 are written as \x00. */
export function shown(name: Name): string {
  const text = textOfName(name);
  return text === null ? escaped(bytesOf(name)) : visible(text);
}

/** The same, lines joined by a blank: for errors, which often have a stack trace. */
export function shownInLine(name: Name): string {
  const text = textOfName(name);
  return text === null ? shown(name) : visible(text.trim().replaceAll(/\s*[\r\n]\s*/g, " "));
}

/** The beginning of contents of that length, in one line: in hex if the bytes are not UTF-8. */
export function preview(
  beginning: Name,
  { length, charsMax }: { length: number; charsMax: number },
): string {
  const bytes = bytesOf(beginning);
  const text = textOf(bytes);
  const parts =
    text === null
      ? [...bytes].map((byte) => byte.toString(16).padStart(2, "0"))
      : [...text.trim().replaceAll(/\s+/g, " ")];
  const most = text === null ? charsMax / 3 : charsMax;
  const line = parts.slice(0, most).join(text === null ? " " : "");
  return visible(line) + (parts.length > most || bytes.length < length ? "…" : "");
}

function escaped(bytes: Uint8Array): string {
  return [...bytes]
    .map((byte) => (byte > 31 && byte < 127 ? String.fromCharCode(byte) : hexEscape(byte)))
    .join("");
}

/** A text in one line: what has no look of its own, or turns the direction, is written out. */
export function visible(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, (char) => {
    const code = char.codePointAt(0)!;
    return code < 256 ? hexEscape(code) : `\\u{${code.toString(16)}}`;
  });
}

/** A text of several lines: the same for what hides or turns parts of it. */
export function visibleLines(text: string): string {
  const hidden = /(?![\n\t])\p{Cc}|[\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u2069\uFEFF]/gu;
  return text.replaceAll("\r\n", "\n").replaceAll(hidden, (char) => visible(char));
}

function hexEscape(code: number): string {
  return `\\x${code.toString(16).padStart(2, "0")}`;
}
