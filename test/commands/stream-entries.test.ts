// Fields as contents of an event, and back. See stream-streams.test.ts for the commands.
import { expect, test } from "bun:test";
import {
  areFields,
  contentBytesOf,
  contentsOf,
  fieldsReply,
} from "../../src/commands/stream-entries.ts";
import { Output } from "../../src/resp/reply.ts";

function contentsWith(...fields: (string | Buffer)[]): Buffer {
  const args = fields.map((field) => Buffer.from(field));
  return contentsOf(args, 0, contentBytesOf(args, 0));
}

function encoded(contents: Buffer): string {
  const output = new Output();
  output.write(fieldsReply(contents), 2);
  return output.bytes().toString("latin1");
}

test("fields are the array that a driver sends", () => {
  expect(contentsWith("name", "value").toString()).toBe("*2\r\n$4\r\nname\r\n$5\r\nvalue\r\n");
  expect(contentsWith("", "").toString()).toBe("*2\r\n$0\r\n\r\n$0\r\n\r\n");
});

test("fields of any length and any bytes are shown as they came", () => {
  for (const length of [0, 1, 9, 10, 23, 24, 99, 100, 1000, 99_999, 100_000]) {
    const value = Buffer.alloc(length, "\r\n$*\0\xff", "latin1");
    const contents = contentsWith(value, "b", "c", value);
    expect(areFields(contents)).toBe(true);
    expect(encoded(contents)).toBe(contents.toString("latin1"));
  }
  const many = Array.from({ length: 1000 }, (_, at) => `f${at}`);
  expect(areFields(contentsWith(...many))).toBe(true);
});

test("other contents are the field `contents`", () => {
  const like = [
    "",
    "text",
    "*",
    "*2",
    "*2\r\n",
    "*0\r\n",
    "*1\r\n$1\r\na\r\n",
    "*3\r\n$1\r\na\r\n$1\r\nb\r\n$1\r\nc\r\n",
    "*2\r\n$1\r\na\r\n$1\r\nb\r\n ",
    "*2\r\n$1\r\na\r\n$1\r\nb\r",
    "*2\r\n$1\r\na\r\n$1\r\nb",
    "*2\r\n$1\r\na\r\n$2\r\nb\r\n",
    "*2\r\n$1\r\na\r\n$-1\r\n",
    "*2\r\n$1\r\na\r\n$01\r\nb\r\n",
    "*02\r\n$1\r\na\r\n$1\r\nb\r\n",
    "*+2\r\n$1\r\na\r\n$1\r\nb\r\n",
    "*2\n$1\r\na\r\n$1\r\nb\r\n",
    "*2\r\n:1\r\n$1\r\nb\r\n",
    "*2\r\n$1\r\na\r\n$1\r\nbXX",
    "*2\r\n$99999999999999999999\r\na\r\n$1\r\nb\r\n",
    "*99999999\r\n$1\r\na\r\n$1\r\nb\r\n",
    "*-2\r\n$1\r\na\r\n$1\r\nb\r\n",
    "*2\r\n$\r\na\r\n$1\r\nb\r\n",
  ];
  for (const text of like) {
    const contents = Buffer.from(text);
    expect(areFields(contents)).toBe(false);
    expect(encoded(contents)).toBe(`*2\r\n$8\r\ncontents\r\n$${text.length}\r\n${text}\r\n`);
  }
});
