// The ends of replies: whole, byte by byte, and of random replies that the encoder wrote.
import { expect, test } from "bun:test";
import { bulkIn, elementsOf, errorIn, ReplyScanner } from "../../src/resp/reply-scanner.ts";
import { ErrorReply, Members, NIL_ARRAY, Output, Pairs, Push } from "../../src/resp/reply.ts";
import { type Reply, Simple } from "../../src/resp/reply.ts";

const samples: Reply[] = [
  new Simple("OK"),
  new ErrorReply("ERR no such thing"),
  12,
  -3,
  null,
  NIL_ARRAY,
  "",
  "text\r\nwith lines",
  Buffer.alloc(5000, "x"),
  [],
  [[], [["deep"]], null, 1],
  new Pairs([
    ["a", 1],
    ["b", [new Pairs([])]],
  ]),
  new Members(["x", "y"]),
  new Push(["message", "channel", "text"]),
];

function encoded(replies: Reply[], version: 2 | 3): Buffer[] {
  return replies.map((reply) => {
    const output = new Output();
    output.write(reply, version);
    return Buffer.from(output.buffer.subarray(0, output.length));
  });
}

/** The replies in those bytes, which arrive in chunks of that size. */
function scanned(bytes: Buffer, chunkBytes: number): Buffer[] {
  const scanner = new ReplyScanner();
  const found: Buffer[] = [];
  let begun: Buffer[] = [];
  for (let from = 0; from < bytes.length; from += chunkBytes) {
    const chunk = bytes.subarray(from, from + chunkBytes);
    for (let at = 0; at < chunk.length;) {
      const end = scanner.endOf(chunk, at);
      begun.push(chunk.subarray(at, end < 0 ? chunk.length : end));
      if (end < 0) break;
      found.push(Buffer.concat(begun));
      begun = [];
      at = end;
    }
  }
  return found;
}

for (const version of [2, 3] as const) {
  for (const chunkBytes of [1, 2, 3, 7, 100, 100_000]) {
    test(`finds replies of RESP${version} in chunks of ${chunkBytes} bytes`, () => {
      const replies = encoded(samples, version);
      expect(scanned(Buffer.concat(replies), chunkBytes)).toEqual(replies);
    });
  }
}

test.each(["x\r\n", "$\r\n", "*a\r\n", "$1234567890123456\r\n", "*1\r\n".repeat(65)])(
  "rejects %j",
  (text) => {
    expect(() => new ReplyScanner().endOf(Buffer.from(text), 0)).toThrow("no reply");
  },
);

test("takes an array apart", () => {
  const [array] = encoded([["a", ["b", 1], null]], 2);
  expect(elementsOf(array!)?.map(String)).toEqual([
    "$1\r\na\r\n",
    "*2\r\n$1\r\nb\r\n:1\r\n",
    "$-1\r\n",
  ]);
  expect(elementsOf(Buffer.from("*-1\r\n"))).toBeNull();
  expect(elementsOf(Buffer.from("$1\r\na\r\n"))).toBeNull();
});

test("reads a bulk and an error", () => {
  expect(String(bulkIn(Buffer.from("$3\r\na\r\n\r\n")))).toBe("a\r\n");
  expect(bulkIn(Buffer.from("$-1\r\n"))).toBeNull();
  expect(errorIn(Buffer.from("-ERR no\r\n"))).toBe("ERR no");
  expect(errorIn(Buffer.from("+OK\r\n"))).toBeNull();
});
