// The words of a client command: how many its descriptor allows, and which one is missing.
import { shown } from "../config/option.ts";
import { UsageError } from "../config/usage-error.ts";
import type { Arguments } from "./arguments.ts";

export interface Words {
  words: string[];
  behindDashes: string[];
}

interface Syntax {
  required: string[];
  /** Infinity if a word may be repeated. */
  max: number;
}

/** Throws UsageError if there are too few or too many. `usage` is `okq push QUEUE [CONTENTS]`. */
export function checkWords(
  { words: syntax, usage }: { words: string; usage: string },
  { words: given, behindDashes }: Arguments,
): Words {
  const [before = "", behind] = syntax.split(/(?:^| )-- ?/);
  if (behind === undefined) {
    const words = [...given, ...(behindDashes ?? [])];
    check(syntaxOf(before), words, usage);
    return { words, behindDashes: [] };
  }
  check(syntaxOf(before), given, usage);
  check(syntaxOf(behind), behindDashes ?? [], usage);
  return { words: given, behindDashes: behindDashes ?? [] };
}

function syntaxOf(text: string): Syntax {
  const names = text.split(" ").filter((name) => name !== "");
  const required = names.filter((name) => !name.startsWith("["));
  const isRepeated = names.some((name) => name.includes("..."));
  return { required, max: isRepeated ? Infinity : names.length };
}

function check({ required, max }: Syntax, words: string[], usage: string): void {
  const missing = required[words.length];
  if (missing !== undefined) {
    throw new UsageError(`${missing.replace("...", "")} is missing: ${usage}`);
  }
  const surplus = words[max];
  if (surplus !== undefined) {
    throw new UsageError(
      `surplus argument ${shown(surplus, "that may hold a password")}: ${usage}`,
    );
  }
}
