// The arguments of this process with all their bytes: Bun reads those that are not UTF-8 as U+FFFD,
// and an event would get other contents, or another queue be purged.
import { readFileSync } from "node:fs";
import { textOf } from "../client/words.ts";

const REPLACED = "\ufffd";

/**
 * A byte that is not UTF-8 stands as in texts of the client: see client/words.ts. Where the system
 * does not tell the bytes, the arguments stay as they are.
 */
export function exactArguments(argv: string[]): string[] {
  if (!argv.some((text) => text.includes(REPLACED))) return argv;
  const exact = argumentsOfSystem().slice(-argv.length);
  return exact.length === argv.length ? exact.map(textOf) : argv;
}

/** Each ends with a zero byte. */
function argumentsOfSystem(): Buffer[] {
  try {
    const text = readFileSync("/proc/self/cmdline", "latin1");
    return text
      .split("\0")
      .slice(0, -1)
      .map((argument) => Buffer.from(argument, "latin1"));
  } catch {
    return [];
  }
}
