// How a command gets the contents of its events: on stdin, or as an argument.

/** The contents cannot be given to a command in this way, now or later. */
export class UnfitContents extends Error {}

/** Stands for the contents in the arguments. */
export const PLACEHOLDER = "{}";

export interface ChildInput {
  argv: readonly string[];
  stdin: Buffer;
}

/** An argument has at most so many bytes on Linux, with its end. */
const ARGUMENT_BYTES_MAX = (128 << 10) - 1;
const NOTHING = Buffer.alloc(0);

/** Replaces each `{}` in the arguments, but not in the program's name. Throws UnfitContents. */
export function asArgument(
  [program = "", ...args]: readonly string[],
  contents: Buffer,
): ChildInput {
  const text = contents.toString("utf8");
  if (!Buffer.from(text).equals(contents)) {
    throw new UnfitContents("an argument must be text in UTF-8: use the contents on stdin");
  }
  if (text.includes("\0")) {
    throw new UnfitContents("an argument cannot have a zero byte: use the contents on stdin");
  }
  const filled = args.map((arg) => arg.replaceAll(PLACEHOLDER, () => text));
  if (filled.some((arg) => Buffer.byteLength(arg) > ARGUMENT_BYTES_MAX)) {
    throw new UnfitContents("too large for an argument: use the contents on stdin");
  }
  return { argv: [program, ...filled], stdin: NOTHING };
}

export function onStdin(argv: readonly string[], contents: Buffer): ChildInput {
  return { argv, stdin: contents };
}

const LINE_END = 0x0a;

/**
 * The contents of a batch, each with `end` behind it. A line end at the end of contents counts as
 * that of its line. Throws UnfitContents for contents that would become two.
 */
export function batchItem(contents: Buffer, end: "\n" | "\0"): Buffer {
  const endByte = end.charCodeAt(0);
  const hasEnd = endByte === LINE_END && contents.at(-1) === LINE_END;
  const item = hasEnd ? contents.subarray(0, -1) : contents;
  if (item.includes(endByte)) {
    const hint = end === "\n" ? "a line end: use -0" : "a zero byte, the end of each in a batch";
    throw new UnfitContents(`the contents have ${hint}`);
  }
  return Buffer.concat([item, Buffer.from(end)]);
}
