// The figures of one queue, for people.
import { count, duration, NONE, rate } from "../terminal/figures.ts";
import { printable } from "../terminal/printable.ts";
import { type Column, Table, type TableOptions } from "../terminal/table.ts";
import { bytesOf, type Facts } from "./facts.ts";
import { labelledLines } from "./labelled-lines.ts";

interface Flow {
  name: string;
  title: string;
}

/** The counters of a queue, with their names in QSTATS. */
const flows: Flow[] = [
  { name: "pushed", title: "pushed" },
  { name: "popped", title: "popped" },
  { name: "acked", title: "acknowledged" },
  { name: "failures", title: "failures" },
  { name: "crashes", title: "crashes" },
  { name: "failed", title: "failed for good" },
  { name: "expired", title: "expired" },
  { name: "dropped", title: "dropped" },
];

export function statsLines(queue: string, stats: Facts, options: TableOptions): string[] {
  const number = (name: string) => count(stats.count(name));
  const oldest = stats.number("oldest-ready-seconds");
  const names = (name: string) => {
    const all = stats.list(name).map((each) => printable(bytesOf(each)));
    return all.length === 0 ? undefined : all.join(" ");
  };
  const delayed = `${number("delayed")} (${number("retrying")} to be tried again)`;
  const facts = labelledLines(
    [
      ["queue", queue],
      ["ready", number("ready")],
      ["delayed", delayed],
      ["claimed", number("claimed")],
      ["failed", number("failed")],
      ["completed", number("completed")],
      ["oldest ready", oldest === null ? undefined : duration(oldest)],
      ["paused", stats.text("paused")],
      ["held back by", stats.has("held-back-by") ? stats.bytes("held-back-by") : undefined],
      ["paused workers", names("paused-workers")],
      ["bound queues", names("bindings")],
      ["taken ids", stats.count("windows") === 0 ? undefined : number("windows")],
      ["waited", percentiles(stats, "wait")],
      ["ran", percentiles(stats, "run")],
    ],
    options,
  );
  return [...facts, "", ...new Table(columnsOf(stats), options).lines(flows)];
}

function percentiles(stats: Facts, what: "wait" | "run"): string | undefined {
  const half = stats.number(`${what}-p50`);
  const most = stats.number(`${what}-p99`);
  if (half === null || most === null) return undefined;
  return `half of them at most ${duration(half)}, 99 % at most ${duration(most)} (last minute)`;
}

function columnsOf(stats: Facts): Column<Flow>[] {
  return [
    { title: "", of: ({ title }) => title },
    {
      title: "PER SECOND",
      of: ({ name }) => {
        const value = stats.number(`${name}-per-second`);
        return value === null ? NONE : rate(value);
      },
      side: "right",
    },
    { title: "IN ALL", of: ({ name }) => count(stats.count(`${name}-total`)), side: "right" },
  ];
}
