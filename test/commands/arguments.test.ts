// Arguments as the syntax line of a command says: fixed ones, options in any order, lists, seconds.
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

test("fixed arguments have the names of their placeholders", () => {
  const read = argumentReader("QX", "queue eventId contents");
  const { queue, eventId, contents } = read([...bytes("QX"), a, b, c]);
  expect([queue, eventId, contents]).toEqual([a, b, c]);
});

test("the words of a subcommand's name are no arguments", () => {
  const { queue } = argumentReader("QX SET", "queue")([...bytes("QX", "SET"), a]);
  expect(queue).toBe(a);
});

describe("options", () => {
  const read = argumentReader("QX", "queue [EX seconds] [ID id] [NOACK]");

  test("that are absent are undefined", () => {
    const { queue, EX, ID, NOACK } = read(bytes("QX", "a"));
    expect([queue, EX, ID, NOACK]).toEqual([a, undefined, undefined, undefined]);
  });

  test("come in any order and case, and the last value of one counts", () => {
    const { EX, ID, NOACK } = read(bytes("QX", "a", "noack", "Id", "b", "eX", "1", "EX", "0.25"));
    expect([EX, ID, NOACK]).toEqual([250, b, true]);
  });

  test("may have a value that is another option's name", () => {
    const { EX, ID } = read(bytes("QX", "a", "ID", "EX", "EX", "2"));
    expect([EX, ID]).toEqual([2000, Buffer.from("EX")]);
  });

  test("that the command does not have are refused with those that it has", () => {
    expect(failureOf(() => read(bytes("QX", "a", "REDO")))).toBe(
      "ERR syntax error, unknown option 'REDO' (known: EX, ID, NOACK)",
    );
    expect(failureOf(() => read(bytes("QX", "a", "x".repeat(500))))).toContain(
      "unknown option 'xx",
    );
  });

  test("without their value are refused", () => {
    expect(failureOf(() => read(bytes("QX", "a", "NOACK", "EX")))).toBe(
      "ERR syntax error, option EX needs a value",
    );
  });

  test("with a value that is no number of seconds are refused", () => {
    for (const wrong of ["", "-1", "1e3", "x", "2147483648", "1.", " 1", "9".repeat(400)]) {
      expect(failureOf(() => read(bytes("QX", "a", "EX", wrong)))).toStartWith(
        "ERR EX must be a number of seconds from 0 to 2147483647, got '",
      );
    }
  });
});

test("seconds become whole milliseconds, and never 0 for more than nothing", () => {
  const read = argumentReader("QX", "timeout");
  const milliseconds = (text: string) => read(bytes("QX", text)).timeout;
  expect(["0", "0.0001", "1.5", "2147483647"].map(milliseconds)).toEqual([
    0, 1, 1500, 2147483647e3,
  ]);
});

test("a list has all arguments behind the fixed ones", () => {
  const all = argumentReader("QX", "[queue ...]");
  expect(all(bytes("QX")).queue).toEqual([]);
  expect(all([...bytes("QX"), a, b]).queue).toEqual([a, b]);
  const rest = argumentReader("QX", "queue [eventId ...]")([...bytes("QX"), a, b, c]);
  expect([rest.queue, rest.eventId]).toEqual([a, [b, c]]);
});

test.each(["EX seconds", "[EX seconds] queue", "[name]", "[queue ...] [NOACK]", "[AT x y]"])(
  "a syntax whose arguments cannot be told apart is a mistake: %s",
  (syntax) => {
    expect(failureOf(() => argumentReader("QX", syntax))).toBe(
      `QX ${syntax}: its arguments cannot be read`,
    );
  },
);

test("every error begins with a code, has no line end, and says when it comes", () => {
  for (const { text, when } of Object.values(errorTexts)) {
    expect(text).toMatch(/^[A-Z]+ [^\r\n]+$/);
    expect(when).toMatch(/^[A-Zo`][^\r\n]+\.$/);
  }
});

test("values within an error are printable and cut short", () => {
  const id = Buffer.from(`\r\n{id}${"x".repeat(500)}`);
  const { text } = errorReply("duplicateEvent", { id });
  expect(text).toMatch(/^ERR duplicate event \?\?\{id\}x{100,200}\.\.\.$/);
});
