// What okq top shows at any size of the terminal, and what its keys do.
import { expect, test } from "bun:test";
import { Facts } from "../../src/cli/looks/facts.ts";
import { queueRow, type QueueRow } from "../../src/cli/looks/queue-rows.ts";
import { widthOf } from "../../src/cli/terminal/width.ts";
import { Rates } from "../../src/cli/top/rates.ts";
import { TopView } from "../../src/cli/top/top-view.ts";

function row(name: string, ready: number, pushed: number | null = null): QueueRow {
  const words = ["queue", name, "ready", ready, "claimed", 1, "failed", 2, "paused", "no"];
  const facts = new Facts(
    words.map((word) => (typeof word === "string" ? Buffer.from(word) : word)),
  );
  const rates = pushed === null ? null : { pushed, popped: 0, acked: 0, failures: 0 };
  return { ...queueRow(facts), rates };
}

function viewOf(rows: QueueRow[]): TopView {
  const paint = (text: string) => text;
  const view = new TopView("127.0.0.1:4777", { sort: "ready", intervalMs: 2000, paint });
  view.snapshot = { rows, hasMore: false, at: new Date(2026, 0, 1, 14, 5, 9) };
  return view;
}

const wide = { columns: 120, rows: 10 };
const names = (lines: string[]) => lines.slice(3).map((line) => line.split(" ")[0]!);
const many = Array.from({ length: 30 }, (_, at) => row(`queue-${at + 10}`, at));

test("shows sums, and the largest queues first", () => {
  const lines = viewOf([row("small", 1), row("large", 2000, 12.5)]).lines(wide);
  expect(lines).toHaveLength(10);
  expect(lines[0]).toBe("okq at 127.0.0.1:4777  14:05:09  every 2s");
  expect(lines[1]).toBe("2 queues  ready 2,001  delayed 0  claimed 2  failed 4");
  expect(lines[2]).toMatch(/^QUEUE +READY\* +DELAYED +CLAIMED/);
  expect(lines[3]).toMatch(/^large +2,000 .* 12\.5 /);
  expect(lines[4]).toMatch(/^small +1 .* - /);
});

test("fits into any terminal", () => {
  const view = viewOf([...many, row("日本\x1b[2J\n語".repeat(30), 5)]);
  for (let columns = 1; columns < 130; columns += 3) {
    for (let rows = 1; rows < 12; rows++) {
      const lines = view.lines({ columns, rows });
      expect(lines.length).toBeLessThanOrEqual(rows);
      for (const line of lines) expect(widthOf(line)).toBeLessThanOrEqual(columns);
      // oxlint-disable-next-line no-control-regex -- nothing that acts on the terminal
      expect(lines.join("")).not.toMatch(/[\x00-\x1f]/);
    }
  }
});

test("keys sort, turn around, scroll, pause and quit", () => {
  const view = viewOf(many);
  expect(names(view.lines(wide))[0]).toBe("queue-39");
  expect(view.press("r", wide)).toBe("ask");
  expect(names(view.lines(wide))[0]).toBe("queue-10");
  expect(view.press("\x1b[B", wide)).toBe("ask");
  expect(names(view.lines(wide))[0]).toBe("queue-11");
  view.press("\x1b[6~", wide);
  expect(names(view.lines(wide))[0]).toBe("queue-16");
  for (let page = 0; page < 10; page++) view.press("\x1b[6~", wide);
  expect(names(view.lines(wide)).slice(0, 5).at(-1)).toBe("queue-39");
  expect(view.lines(wide).at(-1)).toStartWith("by ready, 26-30 of 30");
  for (let up = 0; up < 40; up++) view.press("k", wide);
  expect(names(view.lines(wide))[0]).toBe("queue-10");
  view.press("S", wide);
  expect(view.sort).toBe("queue");
  view.press("s", wide);
  expect(view.sort).toBe("ready");
  expect(view.press("p", wide)).toBe("draw");
  expect(view.lines(wide)[0]).toEndWith("  paused");
  expect(view.press(" ", wide)).toBe("ask");
  expect([view.press("q", wide), view.press("\x03", wide)]).toEqual(["quit", "quit"]);
  expect(view.press("x", wide)).toBeNull();
});

test("says since when okq does not answer, and keeps what it has", () => {
  const view = viewOf(many);
  view.problem = { since: new Date(2026, 0, 1, 14, 5, 20), message: "gone\x1b[2J" };
  const lines = view.lines(wide);
  expect(lines[1]).toBe("no answer since 14:05:20, trying again: gone\\x1b[2J");
  expect(names(lines)[0]).toBe("queue-39");
});

test("rates are of the last seconds, and begin anew with a new queue", () => {
  const rates = new Rates();
  const totals = (pushed: number) => ({ pushed, popped: 0, acked: 0, failures: 0 });
  expect(rates.note("a", totals(100), 0)).toBeNull();
  expect(rates.note("a", totals(120), 2000)!.pushed).toBe(10);
  for (let second = 4; second <= 20; second += 2) rates.note("a", totals(120), second * 1000);
  expect(rates.note("a", totals(200), 22_000)!.pushed).toBe(10);
  expect(rates.note("a", totals(5), 24_000)).toBeNull();
  expect(rates.note("a", totals(7), 25_000)!.pushed).toBe(2);
  rates.keep(new Set());
  expect(rates.note("a", totals(9), 26_000)).toBeNull();
});
