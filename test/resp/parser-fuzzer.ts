// Seeded random input for a parser: valid and mutated frames, cut at random. Finds the first input
// for which a parser and the reference disagree.

import type { Parser } from "../../src/resp/parser.ts";
import type { ParserLimits } from "../../src/resp/parser-limits.ts";
import { ProtocolError, TooLarge } from "../../src/resp/protocol-error.ts";
import { droppedCommand, type Parsed, parseSlowly } from "./reference-parser.ts";

export type FedParser = Pick<Parser, "feed" | "next" | "isBusy">;

export interface Difference {
  input: string;
  cuts: number[];
  expected: Parsed;
  actual: Parsed;
}

/** Small limits, so that random input reaches them. */
export const FUZZ_LIMITS: ParserLimits = {
  bulkBytesMax: 40,
  requestBytesMax: 3 * 40,
  droppedBytesMax: 4 * 40,
  argumentsMax: 6,
  inlineBytesMax: 30,
};

/** All commands in these chunks, as latin1 text, and the error after them. */
export function parseAll(parser: FedParser, chunks: Buffer[]): Parsed {
  const commands: string[][] = [];
  try {
    for (const chunk of chunks) {
      parser.feed(chunk);
      let command = nextOf(parser);
      for (; command !== undefined; command = nextOf(parser)) commands.push(command);
    }
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return { commands, error: error.message };
  }
  return { commands, error: undefined };
}

function nextOf(parser: FedParser): string[] | undefined {
  try {
    let command = parser.next();
    while (command === undefined && parser.isBusy) command = parser.next();
    return command?.map((argument) => argument.toString("latin1"));
  } catch (error) {
    if (error instanceof TooLarge && error.isDropped) return droppedCommand(error.message);
    throw error;
  }
}

export function cutAt(input: Buffer, cuts: number[]): Buffer[] {
  const edges = [0, ...cuts, input.length];
  // Copies, as from a socket: a parser that reads past its chunk must not find the rest there.
  return edges.slice(1).map((to, index) => Buffer.from(input.subarray(edges[index], to)));
}

export function findDifference(
  seed: number,
  rounds: number,
  open: () => FedParser,
): Difference | undefined {
  const random = randomFrom(seed);
  for (let round = 0; round < rounds; round++) {
    const input = randomInput(random);
    const cuts = Array.from({ length: random(6) }, () => random(input.length + 1));
    cuts.sort((a, b) => a - b);
    const expected = parseSlowly(input, FUZZ_LIMITS);
    const actual = parseAll(open(), cutAt(input, cuts));
    if (!Bun.deepEquals(expected, actual)) {
      return { input: input.toString("latin1"), cuts, expected, actual };
    }
  }
  return undefined;
}

type Random = (bound: number) => number;

/** Mulberry32: from 0 to bound - 1. */
function randomFrom(seed: number): Random {
  let state = seed;
  return (bound) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % bound;
  };
}

/** Bytes with a meaning in the protocol, more often than in uniformly random bytes. */
const TELLING = "\r\n*$-+0123456789\"'\\ xanb\t\v\0\xff";

function randomInput(random: Random): Buffer {
  let text = "";
  for (let count = 1 + random(4); count > 0; count--) text += randomFrame(random);
  for (let count = random(4) - 1; count > 0; count--) {
    const at = random(text.length + 1);
    text = text.slice(0, at) + randomText(random, 2) + text.slice(at + random(3));
  }
  return Buffer.from(text, "latin1");
}

function randomFrame(random: Random): string {
  const kind = random(8);
  if (kind === 0) return ["*0\r\n", "*-1\r\n", "\r\n", "\n", "  \r\n"][random(5)]!;
  if (kind === 1) return `${randomText(random, 36).replaceAll("\n", "")}\r\n`;
  if (kind === 2) return `A 'b\\'c' "d\\x4${random(10)}\\n" e\n`;
  const args = Array.from({ length: 1 + random(7) }, () => randomText(random, 42));
  return `*${args.length}\r\n${args.map((each) => `$${each.length}\r\n${each}\r\n`).join("")}`;
}

function randomText(random: Random, bound: number): string {
  const pick = () => TELLING[random(TELLING.length)]!;
  return Array.from({ length: random(bound) }, pick).join("");
}
