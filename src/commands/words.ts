// Words that commands take, such as options, in any case.
import { nameOf } from "../queue/name-cache.ts";

/** No word or number that a command takes is longer. */
const WORD_BYTES_MAX = 32;

/** The argument in capitals; "" if it is too long to be a word that a command takes. */
export function wordOf(bytes: Buffer): string {
  return bytes.length <= WORD_BYTES_MAX ? nameOf(bytes).toUpperCase() : "";
}
