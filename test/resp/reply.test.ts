// Replies as exact bytes in both versions of the protocol, and decoded again by the tests' decoder.

import { describe, expect, test } from "bun:test";
import {
  ErrorReply,
  OK,
  Output,
  Members,
  PairLists,
  Pairs,
  SetHead,
  type ProtocolVersion,
  quoteForError,
  type Reply,
  Simple,
} from "../../src/resp/reply.ts";
import { type Decoded, ReplyDecoder } from "../support/reply-decoder.ts";

const MIB = 1024 * 1024;

function encode(reply: Reply, version: ProtocolVersion = 2): string {
  const output = new Output();
  output.write(reply, version);
  return output.bytes().toString("latin1");
}

function decodeAll(chunks: Buffer[]): Decoded[] {
  const decoder = new ReplyDecoder();
  const replies: Decoded[] = [];
  for (const chunk of chunks) {
    decoder.feed(chunk);
    for (let reply = decoder.next(); reply !== undefined; reply = decoder.next()) {
      replies.push(reply);
    }
  }
  expect(decoder.rest).toBe(0);
  return replies;
}

const PAIRS = new Pairs([
  ["proto", 3],
  ["modules", []],
]);
const SAME_IN_BOTH: [name: string, reply: Reply, bytes: string][] = [
  ["OK", OK, "+OK\r\n"],
  ["a status", new Simple("PONG"), "+PONG\r\n"],
  ["an error", new ErrorReply("ERR missing args"), "-ERR missing args\r\n"],
  ["an empty string", "", "$0\r\n\r\n"],
  ["text, counted in bytes", "h\u00e9", "$3\r\nh\xc3\xa9\r\n"],
  ["text beyond the BMP", "\u{1f600}", "$4\r\n\xf0\x9f\x98\x80\r\n"],
  ["half a surrogate pair", "a\ud83d", "$4\r\na\xef\xbf\xbd\r\n"],
  ["bytes", Buffer.from("\0\r\n\xff", "latin1"), "$4\r\n\0\r\n\xff\r\n"],
  ["no bytes", Buffer.alloc(0), "$0\r\n\r\n"],
  ["an empty array", [], "*0\r\n"],
  ["an event", [Buffer.from("id"), Buffer.from("c")], "*2\r\n$2\r\nid\r\n$1\r\nc\r\n"],
  ["nested arrays", [[1], [OK, []]], "*2\r\n*1\r\n:1\r\n*2\r\n+OK\r\n*0\r\n"],
];
const DIFFERENT: [name: string, reply: Reply, two: string, three: string][] = [
  ["nil", null, "$-1\r\n", "_\r\n"],
  ["nil in an array", [null, 1], "*2\r\n$-1\r\n:1\r\n", "*2\r\n_\r\n:1\r\n"],
  [
    "a map",
    PAIRS,
    "*4\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n",
    "%2\r\n$5\r\nproto\r\n:3\r\n$7\r\nmodules\r\n*0\r\n",
  ],
  ["a set", new Members(["a", 1]), "*2\r\n$1\r\na\r\n:1\r\n", "~2\r\n$1\r\na\r\n:1\r\n"],
  ["the head of a set", [new SetHead(0)], "*1\r\n*0\r\n", "*1\r\n~0\r\n"],
  [
    "a map of lists",
    new PairLists([["a", [1]]]),
    "*1\r\n*2\r\n$1\r\na\r\n*1\r\n:1\r\n",
    "%1\r\n$1\r\na\r\n*1\r\n:1\r\n",
  ],
  ["an empty map", new Pairs([]), "*0\r\n", "%0\r\n"],
  [
    "maps in an array",
    [new Pairs([[1, null]])],
    "*1\r\n*2\r\n:1\r\n$-1\r\n",
    "*1\r\n%1\r\n:1\r\n_\r\n",
  ],
];
const INTEGERS = [
  0,
  -0,
  1,
  9,
  10,
  11,
  99,
  100,
  101,
  12_345,
  999_999_999,
  1_000_000_000,
  2 ** 31,
  2 ** 32 + 1,
  Number.MAX_SAFE_INTEGER,
  -1,
  -10,
  Number.MIN_SAFE_INTEGER,
];

describe("a reply", () => {
  for (const [name, reply, bytes] of SAME_IN_BOTH) {
    test(`that is ${name} has the same bytes in RESP2 and RESP3`, () => {
      expect(encode(reply, 2)).toBe(bytes);
      expect(encode(reply, 3)).toBe(bytes);
    });
  }

  for (const [name, reply, two, three] of DIFFERENT) {
    test(`that is ${name} is written in the form of each version`, () => {
      expect(encode(reply, 2)).toBe(two);
      expect(encode(reply, 3)).toBe(three);
    });
  }

  test("that is an integer is written in decimal, whatever its size", () => {
    for (const value of INTEGERS) expect(encode(value)).toBe(`:${value}\r\n`);
    for (let value = 1; value < 2 ** 40; value = value * 3 + 1) {
      expect(encode(value)).toBe(`:${value}\r\n`);
    }
  });

  test("with a number that is no integer is refused as a whole", () => {
    const output = new Output();
    output.write(OK, 2);
    for (const value of [1.5, Number.NaN, Infinity, 2 ** 53]) {
      expect(() => output.write(["before", value], 2)).toThrow(RangeError);
    }
    expect(output.bytes().toString()).toBe("+OK\r\n");
  });
});

describe("an error", () => {
  test("is one line, whatever its text contains", () => {
    expect(encode(new ErrorReply("ERR duplicate event a\r\n+OK\r\nb\0c"))).toBe(
      "-ERR duplicate event a  +OK  b c\r\n",
    );
    expect(encode(new Simple("a\nb"))).toBe("+a b\r\n");
  });

  test("is cut to 512 bytes, between characters", () => {
    expect(encode(new ErrorReply("x".repeat(512)))).toBe(`-${"x".repeat(512)}\r\n`);
    expect(encode(new ErrorReply("x".repeat(513)))).toBe(`-${"x".repeat(512)}\r\n`);
    for (const [text, kept] of [
      [`x${"\u00e9".repeat(400)}`, `x${"\u00e9".repeat(255)}`],
      [`${"x".repeat(511)}\u{1f600}`, "x".repeat(511)],
      ["\u{1f600}".repeat(129), "\u{1f600}".repeat(128)],
      ["\u20ac".repeat(MIB), "\u20ac".repeat(170)],
    ] as const) {
      expect(Buffer.from(encode(new ErrorReply(text)), "latin1").toString()).toBe(`-${kept}\r\n`);
    }
  });
});

describe("bytes quoted for an error", () => {
  const cases: [bytes: string | number[], quoted: string][] = [
    ["", ""],
    ["id-1 'x' \\", "id-1 'x' \\"],
    ["gr\u00fc\u00df \u4f60 \u{1f600}", "gr\u00fc\u00df \u4f60 \u{1f600}"],
    ["a\r\n-NOPROTO\0\x1b\x7f", "a??-NOPROTO???"],
    ["\u0085\u2028\u202e\u200b", "????"],
    [[0x61, 0xff, 0xc3, 0x28, 0xe2, 0x82], "a??(?"],
    ["x".repeat(128), "x".repeat(128)],
    ["x".repeat(129), `${"x".repeat(128)}...`],
    ["\u{1f600}".repeat(128), "\u{1f600}".repeat(128)],
    ["\u{1f600}".repeat(129), `${"\u{1f600}".repeat(128)}...`],
    ["\r".repeat(MIB), `${"?".repeat(128)}...`],
  ];
  for (const [bytes, quoted] of cases) {
    test(`are printable and short: ${JSON.stringify(bytes.slice(0, 20))}`, () => {
      expect(quoteForError(Buffer.from(bytes as string))).toBe(quoted);
    });
  }

  test("never throw and never break a line, whatever the bytes", () => {
    for (let first = 0; first < 256; first++) {
      const bytes = Buffer.from(
        Array.from({ length: 256 }, (_, at) => (first * 7 + at * 13) & 255),
      );
      const quoted = quoteForError(bytes);
      expect(quoted).not.toMatch(/[\p{Cc}\ufffd]/u);
      expect(Array.from(quoted).length).toBe(131);
    }
  });
});

describe("output", () => {
  test("appends replies in order", () => {
    const output = new Output();
    expect(output.bytes()).toHaveLength(0);
    output.write(OK, 2);
    output.write(null, 3);
    output.write(12, 2);
    expect(output.length).toBe(13);
    expect(output.bytes().toString()).toBe("+OK\r\n_\r\n:12\r\n");
  });

  test("is empty after clear", () => {
    const output = new Output();
    output.write("before", 2);
    output.clear();
    expect(output.length).toBe(0);
    output.write(OK, 2);
    expect(output.bytes().toString()).toBe("+OK\r\n");
  });

  test("keeps its memory for the next replies, but not more than 256 KiB", () => {
    const output = new Output();
    const memoryAfter = (bytes: number) => {
      output.write(Buffer.alloc(bytes), 2);
      const { buffer } = output.bytes();
      output.clear();
      output.write(OK, 2);
      return { kept: output.bytes().buffer === buffer, capacity: output.bytes().buffer.byteLength };
    };
    expect(memoryAfter(100_000).kept).toBe(true);
    expect(memoryAfter(MIB).kept).toBe(false);
    expect(memoryAfter(10).capacity).toBeLessThanOrEqual(256 * 1024);
  });

  test("grows for a large reply, and copies its bytes", () => {
    const contents = Buffer.alloc(5 * MIB, "0123456789");
    const output = new Output();
    output.write([Buffer.from("id"), contents], 2);
    contents.fill("x");
    const [reply] = decodeAll([output.bytes()]) as [[Buffer, Buffer]];
    expect(reply[1].equals(Buffer.alloc(5 * MIB, "0123456789"))).toBe(true);
  });

  test("is exact for every size around the capacity of its buffer", () => {
    for (let length = 0; length < 2100; length++) {
      const output = new Output();
      const contents = Buffer.alloc(length, "x");
      for (const reply of [contents, contents.toString(), 7, OK]) output.write(reply, 2);
      const bulk = `$${length}\r\n${"x".repeat(length)}\r\n`;
      expect(output.bytes().toString()).toBe(`${bulk}${bulk}:7\r\n+OK\r\n`);
    }
  });
});

describe("replies read back", () => {
  const replies: Reply[] = [
    OK,
    null,
    -5,
    "h\u00e9",
    [null, [], [1, "a"]],
    PAIRS,
    new ErrorReply("ERR x"),
  ];
  const common = [
    { simple: "OK" },
    null,
    -5,
    Buffer.from("h\u00e9"),
    [null, [], [1, Buffer.from("a")]],
  ];
  const pairs: Record<ProtocolVersion, Decoded> = {
    2: [Buffer.from("proto"), 3, Buffer.from("modules"), []],
    3: new Map<string, Decoded>([
      ["proto", 3],
      ["modules", []],
    ]),
  };

  for (const version of [2, 3] as const) {
    test(`equal the values written in RESP${version}, wherever they are cut`, () => {
      const output = new Output();
      for (const reply of replies) output.write(reply, version);
      const bytes = Buffer.from(output.bytes());
      const expected = [...common, pairs[version], { error: "ERR x" }] as Decoded[];
      for (let cut = 0; cut <= bytes.length; cut++) {
        expect(decodeAll([bytes.subarray(0, cut), bytes.subarray(cut)])).toEqual(expected);
      }
      const single = Array.from(bytes, (_, at) => bytes.subarray(at, at + 1));
      expect(decodeAll(single)).toEqual(expected);
    });
  }

  test("may be of every other type a real Redis sends", () => {
    const text =
      "#t\r\n#f\r\n,1.5\r\n(123\r\n~1\r\n:1\r\n>1\r\n+a\r\n=5\r\ntxt:a\r\n!3\r\nERR\r\n*-1\r\n";
    expect(decodeAll([Buffer.from(text)])).toEqual([
      true,
      false,
      1.5,
      123n,
      [1],
      { push: [{ simple: "a" }] },
      Buffer.from("a"),
      { error: "ERR" },
      null,
    ]);
  });

  test("that are malformed throw", () => {
    for (const text of [
      "?x\r\n",
      ":1x\r\n",
      "$x\r\n",
      "$-2\r\n",
      "$1\r\nabc",
      "*x\r\n",
      "_x\r\n",
    ]) {
      expect(() => decodeAll([Buffer.from(text)])).toThrow();
    }
  });
});
