// Reading arguments by the syntax line of a command: fixed arguments, options, lists, seconds. Also
// the error texts.
import { describe, expect, test } from "bun:test";
import { argumentReader } from "../../src/commands/arguments.ts";
import { CommandError, errorReply, errorTexts } from "../../src/commands/errors.ts";

function bytes(...words: string[]): Buffer[] {
  return words.map((word) => Buffer.from(word));
}

const [a, b, c] = bytes("a", "b", "c") as [Buffer, Buffer, Buffer];

function failureOf(run: () => unknown): string {
  try {
    return `no error: ${Bun.inspect(run())}`;
  } catch (error) {
    if (error instanceof CommandError) return error.reply.text;
    return (error as Error).message;
  }
}

test("reads fixed arguments in their order", () => {
  const { positional } = argumentReader("QX", "queue eventId contents");
  const [, queue, id, contents] = positional([...bytes("QX"), a, b, c]);
  expect([queue, id, contents]).toEqual([a, b, c]);
});

test("skips the words of a subcommand's name", () => {
  const [, , queue] = argumentReader("QX SET", "queue").positional([...bytes("QX", "SET"), a]);
  expect(queue).toBe(a);
});

describe("reading options", () => {
  const reader = argumentReader("QX", "queue [EX seconds] [ID id] [NOACK]");
  const read = reader.options;

  test("leaves absent options undefined", () => {
    const { EX, ID, NOACK } = read(bytes("QX", "a"));
    expect([EX, ID, NOACK]).toEqual([undefined, undefined, undefined]);
    expect(reader.positional(bytes("QX", "a"))[1]).toEqual(a);
  });

  test("takes them in any order and case, and the last value of each", () => {
    const { EX, ID, NOACK } = read(bytes("QX", "a", "noack", "Id", "b", "eX", "1", "EX", "0.25"));
    expect([EX, ID, NOACK]).toEqual([250, b, true]);
  });

  test("takes the name of an option as the value of another", () => {
    const { EX, ID } = read(bytes("QX", "a", "ID", "EX", "EX", "2"));
    expect([EX, ID]).toEqual([2000, Buffer.from("EX")]);
  });

  test("refuses an unknown option and names the known ones", () => {
    expect(failureOf(() => read(bytes("QX", "a", "REDO")))).toBe(
      "ERR syntax error, unknown option 'REDO' (known: EX, ID, NOACK)",
    );
    expect(failureOf(() => read(bytes("QX", "a", "x".repeat(500))))).toContain(
      "unknown option 'xx",
    );
  });

  test("refuses an option whose value is missing", () => {
    expect(failureOf(() => read(bytes("QX", "a", "NOACK", "EX")))).toBe(
      "ERR syntax error, option EX needs a value",
    );
  });

  test("refuses a value that is not a number of seconds", () => {
    for (const wrong of ["", "-1", "1e3", "x", "2147483648", "1.", " 1", "9".repeat(400)]) {
      expect(failureOf(() => read(bytes("QX", "a", "EX", wrong)))).toStartWith(
        "ERR EX must be a number of seconds from 0 to 2147483647, got '",
      );
    }
  });
});

test("rounds seconds up to whole milliseconds", () => {
  const { positional } = argumentReader("QX", "timeout");
  const milliseconds = (text: string) => positional(bytes("QX", text))[1];
  expect(["0", "0.0001", "1.5", "2147483647"].map(milliseconds)).toEqual([
    0, 1, 1500, 2147483647e3,
  ]);
});

test("puts all arguments after the fixed ones in a list", () => {
  const [, ...none] = argumentReader("QX", "[queue ...]").positional(bytes("QX"));
  expect(none).toEqual([]);
  const { positional } = argumentReader("QX", "queue [eventId ...]");
  const [, queue, ...ids] = positional([...bytes("QX"), a, b, c]);
  expect([queue, ids]).toEqual([a, [b, c]]);
});

test.each(["EX seconds", "[EX seconds] queue", "[name]", "[queue ...] [NOACK]", "[AT x y]"])(
  "rejects a syntax that it cannot read: %s",
  (syntax) => {
    expect(failureOf(() => argumentReader("QX", syntax))).toBe(
      `QX ${syntax}: its arguments cannot be read`,
    );
  },
);

test("every error text begins with a code, is one line, and says when a client gets it", () => {
  for (const { text, when } of Object.values(errorTexts)) {
    expect(text).toMatch(/^[A-Z]+ [^\r\n]+$/);
    expect(when).toMatch(/^[A-Zo`][^\r\n]+\.$/);
  }
});

test("makes the values in an error printable and cuts long ones", () => {
  const id = Buffer.from(`\r\n{id}${"x".repeat(500)}`);
  const { text } = errorReply("duplicateEvent", { id });
  expect(text).toMatch(/^ERR duplicate event \?\?\{id\}x{100,200}\.\.\.$/);
});
