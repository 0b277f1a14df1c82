// Reading arguments by the syntax line of a command: fixed arguments, options, lists, seconds. Also
// the error texts.
import { describe, expect, test } from "bun:test";
import { argumentReader } from "../../src/commands/arguments.ts";
import { errorTexts } from "../../src/commands/error-texts.ts";
import { CommandError, errorReply } from "../../src/commands/errors.ts";

function bytes(...words: string[]): Buffer[] {
  return words.map((word) => Buffer.from(word));
}

const b = (word: string) => Buffer.from(word);
const [first, second, third] = bytes("a", "b", "c") as [Buffer, Buffer, Buffer];

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
  const [, queue, id, contents] = positional([...bytes("QX"), first, second, third]);
  expect([queue, id, contents]).toEqual([first, second, third]);
});

test("skips the words of a subcommand's name", () => {
  const [, , queue] = argumentReader("QX SET", "queue").positional([...bytes("QX", "SET"), first]);
  expect(queue).toBe(first);
});

describe("reading options", () => {
  const reader = argumentReader("QX", "queue [EX seconds] [ID id] [NOACK]");
  const read = reader.options;

  test("leaves absent options undefined", () => {
    const { EX, ID, NOACK } = read(bytes("QX", "a"));
    expect([EX, ID, NOACK]).toEqual([undefined, undefined, undefined]);
    expect(reader.positional(bytes("QX", "a"))[1]).toEqual(first);
  });

  test("takes them in any order and case", () => {
    const { EX, ID, NOACK } = read(bytes("QX", "a", "noack", "Id", "b", "eX", "0.25"));
    expect([EX, ID, NOACK]).toEqual([250, second, true]);
  });

  test("refuses an option that is given twice, if it has a value", () => {
    const twice = "ERR syntax error, option ID is given twice";
    expect(failureOf(() => read(bytes("QX", "a", "ID", "b", "EX", "1", "id", "b")))).toBe(twice);
    expect(read(bytes("QX", "a", "NOACK", "NOACK")).NOACK).toBe(true);
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
      "ERR syntax error, option EX needs a value (EX seconds)",
    );
  });

  test("refuses a value that is not a number of seconds", () => {
    for (const wrong of [
      "",
      "-1",
      "1e10",
      "1e999",
      "x",
      "2147483648",
      "1.",
      " 1",
      "9".repeat(400),
    ]) {
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

test("reads every finite number that drivers write", () => {
  const { positional } = argumentReader("QX", "timeout");
  const milliseconds = (text: string) => positional(bytes("QX", text))[1];
  const written = ["1e3", "2.5E-1", "+1", ".5", "0.07", "1.001", "1.7327380005e+9", "-0"];
  expect(written.map(milliseconds)).toEqual([1e6, 250, 1000, 500, 70, 1001, 1732738000500, 0]);
});

describe("reading options of several words", () => {
  const when = "[DELAY seconds|AT time|NOW] [LEASE seconds>0]";
  const syntax = `queue contents [RIGHT] ${when} [ONDUP ERROR|KEEP] [N n] [HEADER name value]...`;
  const reader = argumentReader("QX", syntax);
  const read = (...words: string[]) => reader.options(bytes("QX", "q", "c", ...words));
  const failure = (...words: string[]) => failureOf(() => read(...words));

  test("takes an option as often as it comes, with all its values", () => {
    const { HEADER } = read("HEADER", "a", "b", "RIGHT", "header", "c", "HEADER");
    expect(HEADER).toEqual([bytes("a", "b"), bytes("c", "HEADER")] as [Buffer, Buffer][]);
    expect(failure("RIGHT", "HEADER", "a")).toBe(
      "ERR syntax error, option HEADER needs a value (HEADER name value)",
    );
  });

  test("takes one of several options that exclude each other", () => {
    expect(read("DELAY", "0.0005")).toEqual({ DELAY: 1 });
    expect(read("now")).toEqual({ NOW: true });
    expect(failure("AT", "1", "RIGHT", "DELAY", "1")).toBe(
      "ERR syntax error, DELAY does not go with AT",
    );
  });

  test("takes one of the words of a choice", () => {
    expect(read("ondup", "keep")).toEqual({ ONDUP: "KEEP" });
    expect(failure("ONDUP", "REPLACE")).toBe("ERR ONDUP takes ERROR, KEEP, got 'REPLACE'");
  });

  test("takes integers within their bounds", () => {
    expect(read("N", "1000000000")).toEqual({ N: 1e9 });
    for (const wrong of ["-1", "1000000001", "1.5", "1e3", "", "x"]) {
      expect(failure("N", wrong)).toBe(
        `ERR N must be an integer from 0 to 1000000000, got '${wrong}'`,
      );
    }
  });

  test("refuses 0 seconds where the syntax says so", () => {
    expect(read("LEASE", "0.0001")).toEqual({ LEASE: 1 });
    for (const wrong of ["0", "0.0", "-1"]) {
      expect(failure("LEASE", wrong)).toBe(
        `ERR LEASE must be a number of seconds from 0.001 to 604800, got '${wrong}'`,
      );
    }
  });

  test("takes points in time up to the year 2200, rounded up to the millisecond", () => {
    const times = ["1.7327380005e+09", "1732738000.123", "1732738000.1234", "7289654400", "-5"];
    expect(times.map((time) => read("AT", time))).toEqual(
      [1732738000500, 1732738000123, 1732738000124, 7289654400000, 0].map((AT) => ({ AT })),
    );
    for (const wrong of ["7289654401", "1732738000500", "NaN", "inf", "tomorrow"]) {
      expect(failure("AT", wrong)).toBe(
        `ERR AT must be a time in seconds since 1970, up to the year 2200, got '${wrong}'`,
      );
    }
  });
});

describe("reading options outside of brackets", () => {
  const reader = argumentReader("QX", "[WEIGHTS weight ...] [AS worker] FROM queue [queue ...]");
  const read = (...words: string[]) => reader.options(bytes("QX", ...words));

  test("takes everything to the end as their values", () => {
    expect(read("FROM", "as", "a", "x")).toEqual({ FROM: bytes("as", "a", "x") });
    expect(read("as", "FROM", "from", "FROM")).toEqual({ AS: b("FROM"), FROM: [b("FROM")] });
  });

  test.each(["AS", "WEIGHTS", "FROM"])("refuses the option %s behind the first queue", (option) => {
    expect(failureOf(() => read("FROM", "AS", "x", option))).toBe(
      `ERR syntax error, options stand before FROM, got '${option}'`,
    );
  });

  test("takes an option that is not in capitals for a queue there", () => {
    expect(read("FROM", "a", "as", "Weights")).toEqual({ FROM: bytes("a", "as", "Weights") });
  });

  test("names the option whose value is missing before one that a call must have", () => {
    expect(failureOf(() => read("AS", "FROM", "k"))).toBe(
      "ERR syntax error, option AS needs a value (AS worker)",
    );
    expect(failureOf(() => read("AS", "x", "k"))).toStartWith(
      "ERR syntax error, unknown option 'k'",
    );
  });

  test("refuses a call without them", () => {
    const usage = "QX [WEIGHTS weight ...] [AS worker] FROM queue [queue ...]";
    for (const words of [["AS", "x", "WEIGHTS", "1", "2"], []]) {
      expect(failureOf(() => read(...words))).toBe(`ERR missing FROM, usage: ${usage}`);
    }
    expect(failureOf(() => read("FROM"))).toBe(
      "ERR syntax error, option FROM needs a value (FROM queue ...)",
    );
  });

  test("takes numbers as long as they come", () => {
    const { WEIGHTS, AS } = read("WEIGHTS", "1", "20", "3", "AS", "4", "FROM", "a");
    expect([WEIGHTS, AS]).toEqual([[1, 20, 3], b("4")]);
  });

  test("takes one of two, in groups of values", () => {
    const { options } = argumentReader(
      "QX",
      "queue [R] ONE id [id ...] | TWO id c [id c ...] | NO",
    );
    expect(options(bytes("QX", "q", "R", "ONE", "R", "TWO"))).toEqual({
      R: true,
      ONE: bytes("R", "TWO"),
    });
    expect(options(bytes("QX", "q", "NO", "R"))).toEqual({ NO: true, R: true });
    expect(options(bytes("QX", "q", "two", "a", "b", "c", "d"))).toEqual({
      TWO: bytes("a", "b", "c", "d"),
    });
    expect(failureOf(() => options(bytes("QX", "q", "TWO", "a", "b", "c")))).toContain(
      "(TWO id c ...)",
    );
    expect(failureOf(() => options(bytes("QX", "q", "NO", "ONE", "a")))).toBe(
      "ERR syntax error, ONE does not go with NO",
    );
    expect(failureOf(() => options(bytes("QX", "q", "R")))).toContain(
      "missing ONE or TWO or NO, usage",
    );
  });
});

test("refuses a list of groups that is not complete", () => {
  const { positional } = argumentReader("QX", "queue id token [id token ...]");
  expect(positional(bytes("QX", "q", "1", "2", "3", "4"))).toHaveLength(6);
  expect(failureOf(() => positional(bytes("QX", "q", "1", "2", "3")))).toBe(
    "ERR missing args, usage: QX queue id token [id token ...]",
  );
});

test("puts all arguments after the fixed ones in a list", () => {
  const [, ...none] = argumentReader("QX", "[queue ...]").positional(bytes("QX"));
  expect(none).toEqual([]);
  const { positional } = argumentReader("QX", "queue [eventId ...]");
  const [, queue, ...ids] = positional([...bytes("QX"), first, second, third]);
  expect([queue, ids]).toEqual([first, [second, third]]);
});

test.each([
  "[id ...] [queue ...]",
  "EX seconds",
  "[EX seconds] queue",
  "[name]",
  "[queue ...] [NOACK]",
  "FROM q x",
])("rejects a syntax that it cannot read: %s", (syntax) => {
  expect(failureOf(() => argumentReader("QX", syntax))).toBe(
    `QX ${syntax}: its arguments cannot be read`,
  );
});

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
