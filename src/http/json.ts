// JSON values, and bytes in them: as text where they are UTF-8, else in base64 under another name.

export type Json = null | boolean | number | string | Json[] | JsonObject;
export interface JsonObject {
  [key: string]: Json;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** null if the bytes are not UTF-8. */
export function textOf(bytes: Buffer): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

/**
 * `{name: text}`, or `{nameBase64: text}` for bytes that are not UTF-8, and for many of which a
 * quarter or more are control characters that JSON writes in six bytes.
 */
export function bytesUnder(name: string, bytes: Buffer): JsonObject {
  const text = isMostlyControl(bytes) ? null : textOf(bytes);
  return text === null ? { [base64Name(name)]: bytes.toString("base64") } : { [name]: text };
}

const MANY_BYTES = 64 * 1024;
const SPACE = 0x20;
/** Control characters that JSON writes in two bytes. */
const SHORT = new Set(Buffer.from("\b\t\n\f\r"));

function isMostlyControl(bytes: Buffer): boolean {
  if (bytes.length <= MANY_BYTES) return false;
  const most = bytes.length / 4;
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at]!;
    if (byte < SPACE && !SHORT.has(byte) && ++count > most) return true;
  }
  return false;
}

export function base64Name(name: string): string {
  return `${name}Base64`;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** null if the text is not base64. */
export function base64Bytes(text: string): Buffer | null {
  return BASE64.test(text) ? Buffer.from(text, "base64") : null;
}
