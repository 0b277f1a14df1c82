// JSON as the command line writes it: bytes as text if they are UTF-8, else as {"base64": "..."}.
import { bytesOf } from "../../client/words.ts";

export type Json = string | number | boolean | null | Json[] | { [name: string]: Json };

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function jsonOfBytes(bytes: Buffer): Json {
  try {
    return utf8.decode(bytes);
  } catch {
    return { base64: bytes.toString("base64") };
  }
}

/** Of a text of okq, in which bytes that are not UTF-8 stand as lone surrogates. */
export function jsonOfText(text: string): Json {
  return text.isWellFormed() ? text : jsonOfBytes(bytesOf(text));
}
