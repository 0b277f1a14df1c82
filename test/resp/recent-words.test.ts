// The cache of frequent words: which words are kept, and that no word is mistaken for another.
import { expect, test } from "bun:test";
import { wordIn } from "../../src/resp/recent-words.ts";

function read(word: string): Buffer {
  const chunk = Buffer.from(`<<${word}>>`, "latin1");
  return wordIn(chunk, 2, chunk.length - 2);
}

/** Uses a word often enough that it is kept. */
function readOften(word: string): Buffer {
  for (let count = 0; count < 16; count++) read(word);
  return read(word);
}

test("a word is exact, even if it differs from a kept word in one byte", () => {
  // All of them share a slot: it depends on the length and on the first, middle and last byte.
  const words = ["abcde", "abcXe", "aXcde", "a\0cde", "a\xffcde"];
  for (const word of [...words, ...words.toReversed()]) {
    expect(readOften(word).toString("latin1")).toBe(word);
    for (const other of words) expect(read(other).toString("latin1")).toBe(other);
  }
});

test("a frequent word is kept in memory of its own", () => {
  const word = readOften("often");
  expect(read("often")).toBe(word);
  expect(word.buffer.byteLength).toBe(5);
});

test("long and empty words are not kept", () => {
  const long = "x".repeat(33);
  expect(readOften(long)).not.toBe(read(long));
  expect(readOften(long.slice(1))).toBe(read(long.slice(1)));
  expect(read("").length).toBe(0);
});
