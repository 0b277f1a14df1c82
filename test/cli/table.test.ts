// Tables, numbers and charts for people.
import { expect, test } from "bun:test";
import * as figures from "../../src/cli/terminal/figures.ts";
import { sparkline } from "../../src/cli/terminal/sparkline.ts";
import { type Column, Table } from "../../src/cli/terminal/table.ts";
import { widthOf } from "../../src/cli/terminal/width.ts";

interface Row {
  name: Buffer | string;
  ready: number;
  note: string;
}

const columns: Column<Row>[] = [
  { title: "QUEUE", of: ({ name }) => name, least: 8 },
  { title: "READY", of: ({ ready }) => figures.count(ready), side: "right" },
  { title: "NOTE", of: ({ note }) => note, dispensable: 1 },
];
const mail = { name: "mail", ready: 12_345, note: "paused" };
const long = { name: "a-queue-with-a-long-name", ready: 1, note: "" };
const plain = { width: null, paint: (text: string) => text };

test("shows a table whose columns have one width", () => {
  expect(new Table(columns, plain).lines([mail, long])).toEqual([
    "QUEUE                      READY  NOTE",
    "mail                      12,345  paused",
    "a-queue-with-a-long-name       1  ",
  ]);
});

test("later pages have no titles, and columns that are at least as wide", () => {
  const table = new Table(columns, plain);
  table.lines([mail]);
  expect(table.lines([{ name: "m", ready: 1, note: "x" }])).toEqual(["m           1  x"]);
});

test("shows the titles of an empty table", () => {
  expect(new Table(columns, plain).lines([])).toEqual(["QUEUE  READY  NOTE"]);
});

test("wide characters take the columns that a terminal gives them", () => {
  const rows = [mail, { name: "日本語", ready: 1, note: "x" }];
  const [, first, second] = new Table(columns, plain).lines(rows);
  expect(widthOf(first!.split("12,345")[0]!) + 5).toBe(widthOf(second!.split("1  x")[0]!));
});

test.each([60, 40, 33, 30, 26, 20, 15, 9, 5, 1])("is never wider than %d columns", (width) => {
  const lines = new Table(columns, { ...plain, width }).lines([mail, long]);
  for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(width);
});

test("on a narrow terminal cuts what may be cut, and leaves out what is dispensable", () => {
  const lines = (width: number) =>
    new Table(columns, { ...plain, width }).lines([mail, long]).map((line) => line.trim());
  expect(lines(30)).toEqual([
    "QUEUE            READY  NOTE",
    "mail            12,345  paused",
    "a-queue-with-…       1",
  ]);
  expect(lines(20)).toEqual([
    "QUEUE          READY",
    "mail          12,345",
    "a-queue-wit…       1",
  ]);
});

test("a hostile name cannot act on the terminal, add a line or move a column", () => {
  const name = Buffer.from("x\x1b[2J\n\u009b1m\xff", "latin1");
  const lines = new Table(columns, plain).lines([{ name, ready: 1, note: "\x1b]0;t\x07" }]);
  expect(lines).toEqual([
    "QUEUE                 READY  NOTE",
    "x\\x1b[2J\\n\\x9b1m\\xff      1  \\x1b]0;t\\x07",
  ]);
});

test("long contents are cut for a terminal, and whole elsewhere", () => {
  const row = { name: Buffer.alloc(100_000, "x"), ready: 1, note: "" };
  expect(new Table(columns, plain).lines([row])[1]!.length).toBeGreaterThan(100_000);
  const [, line] = new Table(columns, { ...plain, width: 40 }).lines([row]);
  expect(line).toContain("xxxx…");
  expect(widthOf(line!)).toBeLessThanOrEqual(40);
});

test("colours change nothing in the layout", () => {
  const red = { ...columns[0]!, colour: () => "red" as const };
  const paint = (text: string, colour: string) => `<${colour}>${text}</>`;
  const lines = new Table([red, columns[1]!], { width: 80, paint }).lines([mail]);
  expect(lines).toEqual(["<bold>QUEUE</>  <bold> READY</>", "<red>mail </>  12,345"]);
});

test.each([
  [0, "0s"],
  [0.000_038_24, "38.2µs"],
  [0.0123, "12.3ms"],
  [0.0996, "0.1s"],
  [3.24, "3.2s"],
  [9.96, "10s"],
  [59.4, "59s"],
  [250, "4m10s"],
  [3600, "1h"],
  [7500, "2h5m"],
  [277_200, "3d5h"],
  [-90, "-1m30s"],
])("%d seconds are %s", (seconds, text) => {
  expect(figures.duration(seconds)).toBe(text);
});

test("writes numbers, bytes and times", () => {
  expect([0, 950, 1234, 3_400_000].map(figures.short)).toEqual(["0", "950", "1.2K", "3.4M"]);
  expect([0, 0.0167, 12.54, 1234.5].map(figures.rate)).toEqual(["0", "0.0167", "12.5", "1,235"]);
  expect([5, 1240, 3 * 2 ** 20].map(figures.bytes)).toEqual(["5 bytes", "1.21 KiB", "3 MiB"]);
  expect(figures.time(0)).toMatch(/^19(70-01-01|69-12-31) \d\d:\d\d:00$/);
  expect(figures.time(1e20)).toBe("100000000000000000000");
  expect([1, 2].map((number) => figures.plural(number, "event"))).toEqual(["1 event", "2 events"]);
});

test("draws charts", () => {
  expect(sparkline([0, 1, 50, 100, null])).toBe("▁▂▅█ ");
  expect(sparkline([0, 0])).toBe("▁▁");
  expect(sparkline([])).toBe("");
});
