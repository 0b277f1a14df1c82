// How much of a received chunk stays in memory while a command is in flight.
import { expect, test } from "bun:test";
import { Parser } from "../../src/resp/parser.ts";
import { frame } from "../support/wire.ts";

const LIMITS = {
  bulkBytesMax: 1024 * 1024,
  requestBytesMax: 1024 * 1024,
  droppedBytesMax: 0,
  argumentsMax: 1024,
  inlineBytesMax: 64 * 1024,
};

test("small commands in a large chunk do not keep the chunk in memory", () => {
  const parser = new Parser(LIMITS);
  const push = frame(["QLPUSH", "q", "1", "x".repeat(100)]);
  parser.feed(Buffer.concat(Array<Buffer>(1000).fill(push)));
  for (let count = 0; count < 1000; count++) {
    const args = parser.next()!;
    expect(args.map(String)).toEqual(["QLPUSH", "q", "1", "x".repeat(100)]);
    for (const { buffer } of args) expect(buffer.byteLength).toBeLessThan(20_000);
  }
  expect(parser.heldBytes).toBe(0);
});

test("large arguments in a large chunk are not copied", () => {
  const parser = new Parser(LIMITS);
  const chunk = frame(["QLPUSH", "q", "1", "x".repeat(100_000)]);
  parser.feed(chunk);
  expect(parser.next()![3]!.buffer).toBe(chunk.buffer);
});

test("waiting tiny chunks keep little memory, also while other clients send", () => {
  const [parser, other] = [new Parser(LIMITS), new Parser(LIMITS)];
  const traffic = frame(["ECHO", "x".repeat(4000)]);
  for (let count = 0; count < 100; count++) {
    parser.feed(Buffer.alloc(11, "ECHO words\n"));
    for (let sent = 0; sent < 5; sent++) {
      other.feed(traffic);
      other.next();
    }
  }
  const kept = new Set<ArrayBufferLike>();
  for (let count = 0; count < 100; count++) {
    const args = parser.next()!;
    expect(args.map(String)).toEqual(["ECHO", "words"]);
    for (const { buffer } of args) kept.add(buffer);
  }
  const bytes = [...kept].reduce((sum, { byteLength }) => sum + byteLength, 0);
  expect(bytes).toBeLessThan(40_000);
});
