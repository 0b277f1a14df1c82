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

/** `{name: text}`, or `{nameBase64: text}` for bytes that are not UTF-8. */
export function bytesUnder(name: string, bytes: Buffer): JsonObject {
  const text = textOf(bytes);
  return text === null ? { [base64Name(name)]: bytes.toString("base64") } : { [name]: text };
}

export function base64Name(name: string): string {
  return `${name}Base64`;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

/** null if the text is not base64. */
export function base64Bytes(text: string): Buffer | null {
  return BASE64.test(text) ? Buffer.from(text, "base64") : null;
}
