// The parser with bytes as a socket may deliver them: whole, cut and malformed.

import { describe, expect, test } from "bun:test";
import { Parser } from "../../src/resp/parser.ts";
import { ProtocolError } from "../../src/resp/protocol-error.ts";
import { leastCpuMsOf } from "../support/cpu-time.ts";
import { cutAt, FUZZ_LIMITS, type FedParser, findDifference, parseAll } from "./parser-fuzzer.ts";
import { encode, errorOf, feedAndNext, LIMITS, MIB, parse } from "./parsing.ts";

describe("commands", () => {
  const stream =
    `${encode("QLPUSH", "queue", "id-1", "contents\r\n*1")}*0\r\n*-1\r\n${encode("PING", "", "")}` +
    `\r\n\n  \r\n${encode("a".repeat(123))}QRPOP  queue 'E X' "\\x00\\n"\r\nPING\n${encode("Z")}`;
  const commands = [
    ["QLPUSH", "queue", "id-1", "contents\r\n*1"],
    ["PING", "", ""],
    ["a".repeat(123)],
    ["QRPOP", "queue", "E X", "\0\n"],
    ["PING"],
    ["Z"],
  ];
  const input = Buffer.from(stream, "latin1");

  test("are returned one by one, in order, without the empty ones", () => {
    expect(parse(stream)).toEqual({ commands, error: undefined });
  });

  test("are the same wherever the stream is cut in two or three", () => {
    for (let first = 0; first <= input.length; first++) {
      for (let second = first; second <= input.length; second += 1 + (first % 7)) {
        const parsed = parseAll(new Parser(LIMITS), cutAt(input, [first, second]));
        expect({ first, second, ...parsed }).toEqual({ first, second, commands, error: undefined });
      }
    }
  });

  test("are the same when they arrive byte by byte", () => {
    const bytes = cutAt(
      input,
      Array.from({ length: input.length - 1 }, (_, at) => at + 1),
    );
    expect(parseAll(new Parser(LIMITS), bytes)).toEqual({ commands, error: undefined });
  });

  test("are the same when all chunks are fed before the first command is read", () => {
    const parser = new Parser(LIMITS);
    for (const chunk of cutAt(input, [3, 9, 9, 40, 77, 150])) parser.feed(chunk);
    expect(parser.heldBytes).toBe(input.length);
    const parsed = commands.map(() => parser.next()!.map((each) => each.toString("latin1")));
    expect(parsed).toEqual(commands);
    expect(parser.next()).toBeUndefined();
    expect(parser.heldBytes).toBe(0);
  });

  test("may be read while more chunks are fed", () => {
    const parser = new Parser(LIMITS);
    parser.feed(Buffer.from(`${encode("A")}${encode("B")}`));
    expect(parser.next()).toEqual([Buffer.from("A")]);
    parser.feed(Buffer.from(encode("C")));
    expect(parser.next()).toEqual([Buffer.from("B")]);
    expect(parser.next()).toEqual([Buffer.from("C")]);
    expect(parser.next()).toBeUndefined();
  });

  test("may contain any byte", () => {
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte)).toString("latin1");
    expect(parse(`*2\r\n$256\r\n${all}\r\n$1\r\n\0\r\n`).commands).toEqual([[all, "\0"]]);
  });
});

const INVALID_COUNT = "Protocol error: invalid multibulk length";
const INVALID_LENGTH = "Protocol error: invalid bulk length";
const NO_LENGTHS = ["", "x", "+1", " 1", "1 ", "01", "00", "-0", "--1", "1-", "-", "1\0", "0x1"];
const TOO_LARGE = ["9223372036854775808", "18446744073709551617", "9".repeat(400)];
const HOSTILE: [input: string, error: string][] = [
  ...[...NO_LENGTHS, ...TOO_LARGE, "67108865", "1048577", "-9223372036854775809"].map(
    (text): [string, string] => [`*${text}\r\n`, INVALID_COUNT],
  ),
  ...[...NO_LENGTHS, ...TOO_LARGE, "-1", "-2"].map((text): [string, string] => [
    `*1\r\n$${text}\r\n`,
    INVALID_LENGTH,
  ]),
  ["*3000000000\r\n", INVALID_COUNT],
  ["*1\rx", INVALID_COUNT],
  ["*\r5\r\n", INVALID_COUNT],
  ["*1\r\n$\r5\r\n", INVALID_LENGTH],
  ["*1\r\n$4\rx", INVALID_LENGTH],
  ["*1\r\n$4\r\nPINGx", INVALID_LENGTH],
  ["*1\r\n$4\r\nPING\rx", INVALID_LENGTH],
  ["*2\r\n$3\r\nh\xc3\xa9\xc3\xa9\r\n$1\r\nx\r\n", INVALID_LENGTH],
  ["*1\r\nx", "Protocol error: expected '$', got 'x'"],
  ["*1\r\n:1\r\n", "Protocol error: expected '$', got ':'"],
  ["*2\r\n$1\r\na\r\n*1\r\n", "Protocol error: expected '$', got '*'"],
  ["*1\r\n\r\n", "Protocol error: expected '$', got '?'"],
  ["*1\r\n\n+OK", "Protocol error: expected '$', got '?'"],
  ["*1\r\n\xff", "Protocol error: expected '$', got '?'"],
  ["*1\r\n\x7f", "Protocol error: expected '$', got '?'"],
  [`*${"1".repeat(65_536)}`, "Protocol error: too big mbulk count string"],
  [`*1\r\n$${"1".repeat(65_536)}`, "Protocol error: too big bulk count string"],
  ["x".repeat(65_537), "Protocol error: too big inline request"],
  [`${"x".repeat(65_537)}\n`, "Protocol error: too big inline request"],
  ['PING "a\r\n', "Protocol error: unbalanced quotes in request"],
];

describe("hostile input", () => {
  for (const [input, error] of HOSTILE) {
    const name = JSON.stringify(input.length > 40 ? `${input.slice(0, 40)}...` : input);
    test(`${name} is answered "${error}" after the commands before it, however cut`, () => {
      const bytes = Buffer.from(`${encode("PING")}GET x\r\n${input}`, "latin1");
      const commands = [["PING"], ["GET", "x"]];
      const everywhere = bytes.length < 500 ? Array.from(bytes, (_, at) => at) : [15, 22, 23];
      const cuts = [[], everywhere, ...everywhere.map((at) => [at])];
      for (const cut of cuts) {
        const parsed = parseAll(new Parser(LIMITS), cutAt(bytes, cut));
        expect(parsed).toEqual({ commands, error });
      }
    });
  }

  test("is final: the parser keeps nothing and throws the same error again", () => {
    const parser = new Parser(LIMITS);
    parser.feed(Buffer.from(`*2\r\n$1\r\na\r\n?${encode("PING")}`));
    const error = errorOf(parser);
    expect(error).toBeInstanceOf(ProtocolError);
    parser.feed(Buffer.from(encode("PING")));
    expect(errorOf(parser)).toBe(error);
    expect(parser.heldBytes).toBe(0);
  });
});

const INLINE: [line: string, args: string[] | undefined][] = [
  ["PING", ["PING"]],
  [" \t PING\v\f x ", ["PING\v\f", "x"]],
  ["SET a b", ["SET", "a", "b"]],
  ['"a b" c', ["a b", "c"]],
  ['""', [""]],
  ["''", [""]],
  ['a "" b', ["a", "", "b"]],
  ['pre"fix ed"', ["prefix ed"]],
  ["pre'fix ed' x", ["prefix ed", "x"]],
  ['"\\n\\r\\t\\b\\a\\\\\\"\\q"', ['\n\r\t\b\x07\\"q']],
  ['"\\x00\\xFf\\x4a"', ["\0\xffJ"]],
  ['"\\x4" "\\xg0"', ["x4", "xg0"]],
  ["'it\\'s' 'a\\nb'", ["it's", "a\\nb"]],
  ["'\\\\ '", ["\\\\ "]],
  ['\'say "x"\' "it\'s"', ['say "x"', "it's"]],
  ["a\\nb \\", ["a\\nb", "\\"]],
  ["a\0b", ["a\0b"]],
  ["\xe4\xf6 $5", ["\xe4\xf6", "$5"]],
  ["a\rb", ["a", "b"]],
  ['"a"\vb', ["a", "b"]],
  ['"a', undefined],
  ["'a", undefined],
  ['a"', undefined],
  ['"a\\"', undefined],
  ["'a\\'", undefined],
  ["'\\\\'", undefined],
  ['"a"b', undefined],
  ["'a'b", undefined],
  ["'a''b'", undefined],
  ['"a""b"', undefined],
  ['"a\\', undefined],
  ['"\\x4', undefined],
];

describe("inline commands", () => {
  for (const [line, args] of INLINE) {
    const outcome = args === undefined ? "has unbalanced quotes" : `is ${JSON.stringify(args)}`;
    test(`${JSON.stringify(line)} ${outcome}, with LF and with CRLF`, () => {
      const expected =
        args === undefined
          ? { commands: [], error: "Protocol error: unbalanced quotes in request" }
          : { commands: [args], error: undefined };
      expect(parse(`${line}\n`)).toEqual(expected);
      expect(parse(`${line}\r\n`)).toEqual(expected);
    });
  }
});

describe("memory", () => {
  test("arguments of a command that is complete in a large chunk are views on it", () => {
    const long = "x".repeat(5000);
    const chunk = Buffer.from(`${encode("QACK", "queue", "id-1", long)}ECHO plain\r\n`);
    const parser = new Parser(LIMITS);
    const args = [...feedAndNext(parser, chunk)!.slice(2), ...parser.next()!];
    expect(args.map(String)).toEqual(["id-1", long, "ECHO", "plain"]);
    for (const argument of args) expect(argument.buffer).toBe(chunk.buffer);
    chunk.fill("y");
    expect(args.map(String)).toEqual(["yyyy", "y".repeat(5000), "yyyy", "yyyyy"]);
  });

  test("arguments in a small chunk do not depend on it", () => {
    const chunk = Buffer.from(encode("QACK", "queue", "id-1"));
    const args = feedAndNext(new Parser(LIMITS), chunk)!;
    chunk.fill("y");
    expect(args.map(String)).toEqual(["QACK", "queue", "id-1"]);
    expect(args[2]!.buffer.byteLength).toBeLessThan(20_000);
  });

  test("an incomplete command does not keep the memory that small chunks share", () => {
    const parser = new Parser(LIMITS);
    feedAndNext(parser, Buffer.from("*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n"));
    const args = feedAndNext(parser, Buffer.from("$1\r\nx\r\n"))!;
    expect(args.map(String)).toEqual(["SET", "key", "x"]);
    expect(args[1]!.buffer.byteLength).toBe(6);
  });

  test("frequent names are the same small Buffers, not views", () => {
    const parser = new Parser(LIMITS);
    const read = () => feedAndNext(parser, Buffer.from(encode("QRPOP", "a-queue", "id")))!;
    for (let count = 0; count < 64; count++) read();
    const [first, second] = [read(), read()];
    expect(second.map(String)).toEqual(["QRPOP", "a-queue", "id"]);
    expect(second[0]).toBe(first[0]!);
    expect(second[1]).toBe(first[1]!);
    expect(second.slice(0, 2).map(({ buffer }) => buffer.byteLength)).toEqual([5, 7]);
  });

  test("only an argument split between chunks has memory of its own", () => {
    const [before, behind] = ["a".repeat(5000), "b".repeat(5000)];
    const input = Buffer.from(encode(before, "queue", behind));
    const [first, second] = cutAt(input, [input.indexOf("eue")]) as [Buffer, Buffer];
    const parser = new Parser(LIMITS);
    expect(feedAndNext(parser, first)).toBeUndefined();
    const [whole, cut, last] = feedAndNext(parser, second) as [Buffer, Buffer, Buffer];
    expect(whole.buffer).toBe(first.buffer);
    expect(last.buffer).toBe(second.buffer);
    first.fill("x");
    second.fill("y");
    expect(cut.toString()).toBe("queue");
    expect([whole, last].map(String)).toEqual(["x".repeat(5000), "y".repeat(5000)]);
    expect(cut.buffer.byteLength).toBe(5);
  });

  test("a few arguments of an incomplete command do not pin a large chunk", () => {
    const done = encode("ECHO", "x".repeat(10_000));
    const chunk = Buffer.from(`${done}*3\r\n$3\r\nSET\r\n$0\r\n\r\n$3\r\nkey\r`);
    const parser = new Parser(LIMITS);
    expect(feedAndNext(parser, chunk)).toHaveLength(2);
    expect(parser.next()).toBeUndefined();
    const args = feedAndNext(parser, Buffer.from("\n"))!;
    for (const argument of args) expect(argument.buffer).not.toBe(chunk.buffer);
    expect(args.map(String)).toEqual(["SET", "", "key"]);
  });

  test("arguments of earlier chunks are not copied again with every chunk", () => {
    const first = Buffer.from(`*2\r\n$6000\r\n${"a".repeat(6000)}\r\n`);
    const parser = new Parser(LIMITS);
    feedAndNext(parser, first);
    feedAndNext(parser, Buffer.from(`$20000\r\n${"b".repeat(19_999)}`));
    const args = feedAndNext(parser, Buffer.from("b\r\n"))!;
    expect(args.map((argument) => argument.length)).toEqual([6000, 20_000]);
    expect(args[0]!.buffer).toBe(first.buffer);
  });

  test("is allocated for the bytes received, not for the length announced", () => {
    const parser = new Parser(LIMITS);
    expect(feedAndNext(parser, Buffer.from(`*${MIB}\r\n$${64 * MIB}\r\n`))).toBeUndefined();
    expect(parser.heldBytes).toBe(0);
    feedAndNext(parser, Buffer.from("x"));
    expect(parser.heldBytes).toBeLessThan(1024);
    for (let count = 0; count < 100; count++) feedAndNext(parser, Buffer.alloc(1000));
    expect(parser.heldBytes).toBeGreaterThan(100_000);
    expect(parser.heldBytes).toBeLessThan(202_000);
  });

  test("64 MiB announced on each of 1000 connections take almost no memory", () => {
    const before = process.memoryUsage();
    const parsers = Array.from({ length: 1000 }, () => new Parser(LIMITS));
    for (const parser of parsers) feedAndNext(parser, Buffer.from(`*1\r\n$${64 * MIB}\r\nx`));
    const after = process.memoryUsage();
    expect(after.rss - before.rss).toBeLessThan(64 * MIB);
    expect(parsers.every((parser) => parser.heldBytes < 1024)).toBe(true);
  });

  test("many small arguments count for more than their bytes", () => {
    const parser = new Parser(LIMITS);
    feedAndNext(parser, Buffer.from(`*1000000\r\n${"$1\r\nx\r\n".repeat(1000)}`));
    expect(parser.heldBytes).toBeGreaterThan(50_000);
  });

  test("chunks are freed one by one, even if the next one has always arrived", () => {
    const parser = new Parser(LIMITS);
    const chunk = Buffer.from(encode("PING"));
    parser.feed(chunk);
    for (let count = 0; count < 10_000; count++) {
      parser.feed(chunk);
      expect(parser.next()).toHaveLength(1);
    }
    expect(parser.heldBytes).toBe(chunk.length);
  });

  test("1 MiB in pieces of one byte takes time and memory in proportion", async () => {
    const feed = (bytes: number) => {
      const input = Buffer.from(encode("x".repeat(bytes)));
      const parser = new Parser(LIMITS);
      for (let at = 0; at < input.length - 1; at++) {
        feedAndNext(parser, input.subarray(at, at + 1));
        if (parser.heldBytes > bytes) throw new Error(`${parser.heldBytes} held of ${bytes}`);
      }
      const [argument] = feedAndNext(parser, input.subarray(-1))!;
      expect(argument!.equals(Buffer.alloc(bytes, "x"))).toBe(true);
    };
    const quarter = await leastCpuMsOf(3, () => feed(MIB / 4));
    // Four times as much input takes four times as long, not sixteen times.
    expect(await leastCpuMsOf(3, () => feed(MIB))).toBeLessThan(10 * quarter);
  });

  test("64 MiB in pieces of 512 KiB are assembled exactly", () => {
    const parser = new Parser(LIMITS);
    const contents = Buffer.alloc(64 * MIB, "0123456789");
    feedAndNext(parser, Buffer.from(`*2\r\n$1\r\na\r\n$${contents.length}\r\n`));
    for (let at = 0; at < contents.length; at += MIB / 2) {
      expect(feedAndNext(parser, contents.subarray(at, at + MIB / 2))).toBeUndefined();
    }
    const args = feedAndNext(parser, Buffer.from("\r\n"))!;
    expect(args[1]!.equals(contents)).toBe(true);
    expect(args[1]!.buffer.byteLength).toBe(contents.length);
  });
});

describe("fuzzing", () => {
  const seed = Number(process.env["SEED"] ?? Math.floor(Math.random() * 2 ** 31));

  test(`random input, cut at random, gives the result of the reference (SEED=${seed})`, () => {
    const difference = findDifference(seed, 20_000, () => new Parser(FUZZ_LIMITS));
    expect({ seed, difference }).toEqual({ seed, difference: undefined });
  });

  class LosesCutCarriageReturn extends Parser {
    override feed(chunk: Buffer): void {
      super.feed(chunk.at(-1) === 13 ? chunk.subarray(0, -1) : chunk);
    }
  }
  class DropsEmptyArguments extends Parser {
    override next(): Buffer[] | undefined {
      return super.next()?.filter((argument) => argument.length > 0);
    }
  }
  const canaries: [flaw: string, open: () => FedParser][] = [
    ["loses a CR at the end of a chunk", () => new LosesCutCarriageReturn(FUZZ_LIMITS)],
    ["drops empty arguments", () => new DropsEmptyArguments(FUZZ_LIMITS)],
    ["takes one argument too many", () => new Parser({ ...FUZZ_LIMITS, argumentsMax: 7 })],
    ["takes one byte too many", () => new Parser({ ...FUZZ_LIMITS, bulkBytesMax: 41 })],
    [
      "takes a command one byte too large",
      () => new Parser({ ...FUZZ_LIMITS, requestBytesMax: 121 }),
    ],
    ["drops one byte too many", () => new Parser({ ...FUZZ_LIMITS, droppedBytesMax: 161 })],
    ["takes a line one too long", () => new Parser({ ...FUZZ_LIMITS, inlineBytesMax: 31 })],
  ];
  for (const [flaw, open] of canaries) {
    test(`catches a parser that ${flaw} (SEED=${seed})`, () => {
      expect(findDifference(seed, 20_000, open)).toBeDefined();
    });
  }
});

describe("the next command is known to be the same", () => {
  const command = encode("BRPOP", "q", "0");

  function sameAfterEach(...chunks: string[]): boolean[] {
    const parser = new Parser(LIMITS);
    for (const chunk of chunks) parser.feed(Buffer.from(chunk, "latin1"));
    const same: boolean[] = [];
    while (parser.next() !== undefined) same.push(parser.isNextSame);
    return same;
  }

  test("only if all of its bytes are, in one chunk", () => {
    expect(sameAfterEach(command + command + command)).toEqual([true, true, false]);
    expect(sameAfterEach(command + encode("BRPOP", "p", "0"))).toEqual([false, false]);
    expect(sameAfterEach(command + command.slice(0, -1))).toEqual([false]);
    expect(sameAfterEach(command, command, command)).toEqual([false, false, false]);
    expect(sameAfterEach(`${command}${command.slice(0, 9)}`, command.slice(9) + command)).toEqual([
      false,
      false,
      false,
    ]);
  });

  test("but not where one is inline, or a blank line between", () => {
    expect(sameAfterEach("PING\r\nPING\r\n")).toEqual([false, false]);
    expect(sameAfterEach(`${command}\r\n${command}${command}`)).toEqual([false, true, false]);
  });
});
