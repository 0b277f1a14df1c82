// Texts that somebody else chose, as they are shown on a terminal.
import { expect, test } from "bun:test";
import { printable, printableLines } from "../../src/cli/terminal/printable.ts";
import { cut, fill, widthOf } from "../../src/cli/terminal/width.ts";

test.each([
  ["plain text stays", "to: ann, größe 日本 👩‍👩‍👧", "to: ann, größe 日本 👩‍👩‍👧"],
  ["an escape sequence", "\x1b[2J\x1b]0;title\x07", "\\x1b[2J\\x1b]0;title\\x07"],
  ["an escape sequence of one character", "\u009b2J", "\\u{9b}2J"],
  ["ends of lines", "a\nb\r\tc\u2028d", "a\\nb\\r\\tc\\u{2028}d"],
  ["turned directions", "a\u202egpj.exe\u2066", "a\\u{202e}gpj.exe\\u{2066}"],
  ["invisible characters", "a\u200bb\ufeffc\u{e0041}", "a\\u{200b}b\\u{feff}c\\u{e0041}"],
  ["bytes in a name of the client", "a\udc80\udcffb\udc7f", "a\\x80\\xffb\\u{dc7f}"],
  ["half of a pair", "a\ud800b", "a\\u{d800}b"],
  ["delete and backspace", "\x7f\b", "\\x7f\\x08"],
  ["a backslash stays", "C:\\n", "C:\\n"],
])("shows %s", (_, text, shown) => {
  expect(printable(text)).toBe(shown);
});

test.each([
  ["UTF-8", Buffer.from("größe 日本"), "größe 日本"],
  ["bytes that are not UTF-8", Buffer.from([0x61, 0xff, 0x9b, 0x62]), "a\\xff\\x9bb"],
  ["the rest beside such bytes", Buffer.from([0xc3, 0xb6, 0xfe, 0x1b, 0xc3]), "ö\\xfe\\x1b\\xc3"],
  ["a surrogate in UTF-8", Buffer.from([0xed, 0xa0, 0x80]), "\\xed\\xa0\\x80"],
  ["a form that is too long", Buffer.from([0xc0, 0x80]), "\\xc0\\x80"],
])("shows %s", (_, bytes, shown) => {
  expect(printable(bytes)).toBe(shown);
});

test("no text of random bytes keeps a character that acts on a terminal", () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  let state = seed;
  const random = () => (state = (state * 48271 + 11) % 2147483647) % 256;
  for (let round = 0; round < 2000; round++) {
    const bytes = Buffer.from(Array.from({ length: 40 }, random));
    for (const value of [bytes, bytes.toString("latin1"), bytes.toString("utf16le")]) {
      // oxlint-disable-next-line no-control-regex -- these are the characters in question
      expect(printable(value), `seed ${seed}`).not.toMatch(/[\x00-\x1f\x7f-\x9f\u2028-\u202e]/);
    }
  }
});

test("keeps lines as lines", () => {
  expect(printableLines("a\r\nb\x1b[1m\n")).toEqual(["a", "b\\x1b[1m", ""]);
});

test.each([
  ["hello", 5, "hello"],
  ["hello!", 5, "hell…"],
  ["日本語", 6, "日本語"],
  ["日本語x", 6, "日本…"],
  ["日本語", 2, "…"],
  ["hello", 1, "…"],
  ["hello", 0, ""],
  ["", 0, ""],
])("cuts %p to %d columns: %p", (text, columns, wanted) => {
  expect(cut(text, columns)).toBe(wanted);
  expect(widthOf(wanted)).toBeLessThanOrEqual(columns);
});

test("a letter with a million marks does not make a long line", () => {
  expect(cut(`a${"\u0301".repeat(1_000_000)}b`, 10).length).toBeLessThan(200);
});

test("fills columns on either side, by the width and not by the number of characters", () => {
  expect(fill("日本", 6)).toBe("日本  ");
  expect(fill("12", 4, "right")).toBe("  12");
  expect(fill("12345", 4, "right")).toBe("123…");
});
