// Reads what stands behind a command's fixed arguments: options in any order and case, numbers.
import { quoteForError } from "../resp/reply.ts";
import { CommandError, type Context } from "./command.ts";

/** About 68 years; a client that asks for more meant something else. */
const SECONDS_MAX = 2 ** 31 - 1;

/** Longer than every word or number that a command knows. */
const WORD_BYTES_MAX = 32;

/** An argument that is a word, in capitals; "" for a longer one, which is not even decoded. */
export function wordOf(bytes: Buffer): string {
  return bytes.length <= WORD_BYTES_MAX ? bytes.toString("latin1").toUpperCase() : "";
}

/** Whole milliseconds, never 0 for more than nothing. Throws unless it is 0 to 2^31-1 seconds. */
export function parseSeconds(name: string, bytes: Buffer): number {
  const text = wordOf(bytes);
  const seconds = /^\d+(\.\d+)?$/.test(text) ? Number(text) : NaN;
  if (seconds <= SECONDS_MAX) return Math.ceil(seconds * 1000);
  const given = quoteForError(bytes);
  throw new CommandError(
    `ERR ${name} must be a number of seconds from 0 to ${SECONDS_MAX}, got '${given}'`,
  );
}

/** Throws if there are more of them than a command may have. */
export function checkCount(what: string, count: number, max: number): void {
  if (count > max) throw new CommandError(`ERR too many ${what}, ${count} of at most ${max}`);
}

/**
 * Throws if an id or a queue's name is too long to be new. One that is there already may have come
 * in with another bound, so that it can still be popped and acknowledged.
 */
export function checkNew(what: "id" | "queue name", { length }: Buffer, { settings }: Context) {
  const { maxNameBytes } = settings;
  if (length <= maxNameBytes) return;
  throw new CommandError(
    `ERR ${what} too long, ${length} of at most ${maxNameBytes} bytes (--max-name-bytes)`,
  );
}

/** A word that stands alone is true; one with a value is followed by it. */
type OptionKinds = Record<string, "word" | "value">;
type Options<K extends OptionKinds> = {
  [N in keyof K]?: K[N] extends "word" ? true : Buffer;
};

/** The options from that argument on. Throws on one that the command does not have. */
export function parseOptions<K extends OptionKinds>(
  args: Buffer[],
  from: number,
  kinds: K,
): Options<K> {
  const options: Record<string, true | Buffer> = {};
  for (let at = from; at < args.length; at++) {
    const word = wordOf(args[at]!);
    const kind = Object.hasOwn(kinds, word) ? kinds[word] : undefined;
    if (!kind) {
      const known = Object.keys(kinds).join(", ") || "none";
      const given = quoteForError(args[at]!);
      throw new CommandError(`ERR syntax error, unknown option '${given}' (known: ${known})`);
    }
    if (kind === "word") options[word] = true;
    else {
      const value = args[++at];
      if (!value) throw new CommandError(`ERR syntax error, option ${word} needs a value`);
      options[word] = value;
    }
  }
  return options as Options<K>;
}
