// Input that is too large, and long input with few commands or none.
import { describe, expect, test } from "bun:test";
import { Parser } from "../../src/resp/parser.ts";
import { cutAt, parseAll } from "./parser-fuzzer.ts";
import { encode, errorOf, feedAndNext, LIMITS, MIB, parse } from "./parsing.ts";

const INVALID_COUNT = "Protocol error: invalid multibulk length";
const TOO_LARGE_ARGUMENT = ["dropped: Protocol error: argument too large, 11 of at most 10 bytes"];

describe("limits", () => {
  const limits = {
    bulkBytesMax: 10,
    requestBytesMax: 30,
    droppedBytesMax: 50,
    argumentsMax: 3,
    inlineBytesMax: 12,
  };

  test("allow input that reaches them", () => {
    const args = ["x".repeat(10), "b", "c"];
    expect(parse(encode(...args), limits)).toEqual({ commands: [args], error: undefined });
    expect(parse("ECHO 1234567\n", limits).commands).toEqual([["ECHO", "1234567"]]);
    expect(parse(`*-${"1".repeat(10)}\r\nA\n`, limits).commands).toEqual([["A"]]);
  });

  test("refuse input that exceeds them by one", () => {
    expect(parse(encode("x".repeat(11)), limits).commands).toEqual([TOO_LARGE_ARGUMENT]);
    expect(parse(encode("a", "b", "c", "d"), limits).error).toBe(INVALID_COUNT);
    expect(parse("ECHO 12345678\n", limits).error).toBe("Protocol error: too big inline request");
    expect(parse(`*-${"1".repeat(11)}\r\n`, limits).error).toBe(
      "Protocol error: too big mbulk count string",
    );
  });

  test("of all arguments together are exact to the byte, in each command", () => {
    const within = encode("a".repeat(10), "b".repeat(10), "c".repeat(5));
    const narrow = { ...limits, requestBytesMax: 25 };
    expect(parse(within + within, narrow)).toMatchObject({ error: undefined });
    const beyond = encode("a".repeat(10), "b".repeat(10), "c".repeat(6));
    const { commands, error } = parse(within + beyond + within, narrow);
    expect(commands.map(([first]) => first)).toEqual([
      "a".repeat(10),
      "dropped: Protocol error: command too large, 26 of at most 25 bytes",
      "a".repeat(10),
    ]);
    expect(error).toBeUndefined();
  });

  test("drop a command with an argument that is too large, and the next one is read", () => {
    const large = encode("a", "x".repeat(11), "b");
    const bytes = Buffer.from(encode("PING") + large + large + encode("PING"));
    const everywhere = Array.from(bytes, (_, at) => at);
    for (const cuts of [[], everywhere, ...everywhere.map((at) => [at])]) {
      const { commands, error } = parseAll(new Parser(limits), cutAt(bytes, cuts));
      expect(commands).toEqual([["PING"], TOO_LARGE_ARGUMENT, TOO_LARGE_ARGUMENT, ["PING"]]);
      expect(error).toBeUndefined();
    }
  });

  test("of dropped bytes end the connection, also for several arguments together", () => {
    const error = "Protocol error: argument too large, 51 of at most 10 bytes";
    expect(parse("*2\r\n$51\r\n", limits)).toEqual({ commands: [], error });
    expect(parse(`*2\r\n$25\r\n${"x".repeat(25)}\r\n$26\r\n`, limits).error).toBe(
      "Protocol error: argument too large, 25 of at most 10 bytes",
    );
  });

  test("keep no argument of a dropped command, neither the large one nor earlier ones", () => {
    const parser = new Parser({ ...LIMITS, requestBytesMax: 64 * MIB });
    feedAndNext(parser, Buffer.from(`*3\r\n$${MIB}\r\n${"a".repeat(MIB)}\r\n$${64 * MIB}\r\n`));
    expect(parser.heldBytes).toBe(0);
    for (let count = 0; count < 64; count++) {
      expect(feedAndNext(parser, Buffer.alloc(MIB))).toBeUndefined();
      expect(parser.heldBytes).toBe(0);
    }
    feedAndNext(parser, Buffer.from("\r\n$1\r\nx"));
    parser.feed(Buffer.from(`\r\n${encode("PING")}`));
    expect(errorOf(parser)).toMatchObject({ what: "command", bytes: 65 * MIB + 1 });
    expect(parser.next()).toEqual([Buffer.from("PING")]);
  });
});

describe("input is read in short steps, so that other clients do not wait", () => {
  /** The number of calls of next() until it returns a command or the input is used up. */
  function callsFor(input: string): { calls: number; command: Buffer[] | undefined } {
    const parser = new Parser(LIMITS);
    parser.feed(Buffer.from(input));
    let calls = 1;
    let command = parser.next();
    for (; command === undefined && parser.isBusy; calls++) command = parser.next();
    expect(parser.next()).toBeUndefined();
    return { calls, command };
  }

  test.each([
    ["a long command", `*5000\r\n${"$1\r\nx\r\n".repeat(5000)}`, 5000],
    ["an inline command of many words", `${"x ".repeat(5000)}\n`, 5000],
    ["an inline command of many quoted words", `${"'' ".repeat(5000)}\n`, 5000],
  ])("%s", (_, input, args) => {
    const { calls, command } = callsFor(input);
    expect(command?.length).toBe(args);
    expect(calls).toBeGreaterThan(3);
  });

  test.each([
    ["empty lines", "\n".repeat(5000)],
    ["empty lines with CRLF", "\r\n".repeat(5000)],
    ["lines with blanks only", " \r\n".repeat(5000)],
    ["long lines with blanks only", `${" ".repeat(50_000)}\n`.repeat(10)],
    ["commands without arguments", "*0\r\n".repeat(5000)],
    ["commands with a negative number of arguments", "*-9\r\n".repeat(5000)],
  ])("%s", (_, input) => {
    const { calls, command } = callsFor(input);
    expect(command).toBeUndefined();
    expect(calls).toBeGreaterThan(3);
  });
});

test("limits may change between commands, as after a login", () => {
  const parser = new Parser({ ...LIMITS, bulkBytesMax: 4 });
  expect(feedAndNext(parser, Buffer.from(encode("PING")))).toHaveLength(1);
  parser.limits = LIMITS;
  expect(feedAndNext(parser, Buffer.from(encode("QRPOP", "q")))).toHaveLength(2);
});
