// Log lines: one event is one line, with any bytes in its fields.
import { expect, test } from "bun:test";
import { createLog } from "../../src/log/log.ts";

function capture(format: "text" | "json", debug = false) {
  const lines: string[] = [];
  return { lines, log: createLog(format, debug, (line) => lines.push(line)) };
}

const time = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /;

test("writes time, level, message and fields in a text line", () => {
  const { lines, log } = capture("text");
  log.info("listening", { addr: "127.0.0.1:4777", port: 4777, missing: undefined });
  expect(lines).toHaveLength(1);
  expect(lines[0]).toMatch(time);
  expect(lines[0]!.replace(time, "")).toBe("info  listening addr=127.0.0.1:4777 port=4777\n");
});

test("quotes values that are empty or contain spaces, quotes or equals signs", () => {
  const { lines, log } = capture("text");
  log.warn("odd", { a: "two words", b: 'say "hi"', c: "x=y", d: "" });
  expect(lines[0]).toContain(`a="two words" b="say \\"hi\\"" c="x=y" d=""\n`);
});

test.each(["text", "json"] as const)(
  "no byte breaks a %s line or reaches the terminal",
  (format) => {
    const { lines, log } = capture(format);
    const hostile = "a\r\nb\u0000\u001b[31m\u0085\u2028\u202e\u007f";
    log.error(hostile, { text: hostile, bytes: Buffer.from(hostile), error: new Error(hostile) });
    expect(lines).toHaveLength(1);
    expect(lines[0]!.slice(0, -1)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
  },
);

test("writes numbers as JSON numbers, and renames fields with the name of another", () => {
  const { lines, log } = capture("json");
  log.info("hello\n", { port: 1, on: true, level: "mine", list: [1], text: "a\u0085b" });
  const record = JSON.parse(lines[0]!);
  expect(record).toMatchObject({ level: "info", message: "hello\n", port: 1, on: true });
  expect(record).toMatchObject({ field_level: "mine", list: "[1]", text: "a\u0085b" });
  expect(new Date(record.time).getTime()).toBeGreaterThan(0);
});

test("writes debug lines only if debug is on", () => {
  const quiet = capture("text");
  quiet.log.debug("hidden");
  expect(quiet.lines).toEqual([]);
  const verbose = capture("text", true);
  verbose.log.debug("seen");
  expect(verbose.lines[0]).toContain("debug seen");
});

test("cuts a long field, and writes [object] for a value that JSON cannot express", () => {
  const { lines, log } = capture("text");
  const circular: Record<string, unknown> = {};
  circular["self"] = circular;
  log.info("big", { text: "x".repeat(1_000_000), circular, big: 10n, nothing: null });
  expect(lines[0]!.length).toBeLessThan(3_000);
  expect(lines[0]).toContain("circular=[object] big=10 nothing=null");
});
