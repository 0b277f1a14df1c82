// Encodes commands for a parser and collects its results, for its tests.
import { Parser } from "../../src/resp/parser.ts";
import type { ParserLimits } from "../../src/resp/parser-limits.ts";
import { parseAll } from "./parser-fuzzer.ts";

export const MIB = 1024 * 1024;
export const LIMITS: ParserLimits = {
  bulkBytesMax: 64 * MIB,
  requestBytesMax: 128 * MIB,
  droppedBytesMax: 256 * MIB,
  argumentsMax: MIB,
  inlineBytesMax: 65_536,
};

export function encode(...args: string[]): string {
  const bulks = args.map((each) => `$${Buffer.byteLength(each)}\r\n${each}\r\n`);
  return `*${args.length}\r\n${bulks.join("")}`;
}

/** Parses the text as one chunk. */
export function parse(text: string, limits = LIMITS) {
  return parseAll(new Parser(limits), [Buffer.from(text, "latin1")]);
}

/** The error that the next call throws. */
export function errorOf(parser: Parser): unknown {
  try {
    parser.next();
  } catch (error) {
    return error;
  }
  return undefined;
}

export function feedAndNext(parser: Parser, chunk: Buffer): Buffer[] | undefined {
  parser.feed(chunk);
  let command = parser.next();
  while (command === undefined && parser.isBusy) command = parser.next();
  return command;
}
