// The arguments as they were typed. Bun replaces bytes that are not UTF-8, so that another queue or
// other contents would be meant. On Linux the system knows the bytes.
import { readFileSync } from "node:fs";
import { textOf } from "../client/words.ts";

/** What Bun puts in the place of such bytes. */
const REPLACEMENT = String.fromCharCode(0xfffd);

/**
 * The same with such bytes as lone surrogates, as in the texts of the client (see words.ts).
 * Without /proc they stay replaced.
 */
export function exactArguments(
  argv: readonly string[],
  file = "/proc/self/cmdline",
): readonly string[] {
  if (process.platform !== "linux" || !argv.some((each) => each.includes(REPLACEMENT))) return argv;
  const all = argumentsIn(file);
  if (all === null) return argv;
  return all.slice(-argv.length).map((each) => textOf(Buffer.from(each, "latin1")));
}

/** Null if the file cannot be read. */
function argumentsIn(file: string): string[] | null {
  try {
    const bytes = readFileSync(file).subarray(0, -1);
    // No decoding of latin1 changes a byte.
    return bytes.toString("latin1").split("\0");
  } catch {
    return null;
  }
}
