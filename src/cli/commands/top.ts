// `okq top`: a live table of queues.
import { clientCommand } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { pausedColumn, queueColumns, rateColumns, sorted } from "../looks/queue-rows.ts";
import { showRows, tableOptions } from "../looks/show-rows.ts";
import { LiveTop } from "../top/live-top.ts";
import { QueueSource } from "../top/queue-source.ts";
import { sortKeys, TopView } from "../top/top-view.ts";

const DEFAULT_INTERVAL_MS = 2000;
const INTERVAL_MS_MIN = 200;

export const top = clientCommand({
  name: "top",
  group: "looks",
  summary: "show a live table of queues with their rates",
  details: [
    "Keys: q ends it, s and S choose the column by which it sorts, r turns the order around, p " +
      "or a blank stops and goes on, arrows, j, k and the page keys scroll.",
    "Rates are of the last seconds, at first of the last minute. Only those of the queues that " +
      "are shown are asked, and sorted by a rate those of the 200 queues with the most ready " +
      "events.",
    "Without a terminal, with --once and with --json it writes one table and ends; its rates are " +
      "those of the last minute.",
  ],
  words: "",
  options: {
    match: { kind: "text", short: "m", value: "GLOB", help: "queues whose name fits" },
    sort: { kind: "choice", short: "s", values: sortKeys, help: "the column to sort by (ready)" },
    interval: { kind: "seconds", max: 86_400, short: "i", help: "time between two looks (2)" },
    once: { kind: "flag", help: "write one table and end" },
  },
  examples: [
    ["okq top", "all queues, those with the most ready events first"],
    ["okq top --match 'mail*' --sort pushed", "some queues, the busiest first"],
    ["okq top --once | head -20", "a table of the largest queues"],
  ],
  async run(call) {
    const { terminal, options, address } = call;
    const { match, sort = "ready", interval = DEFAULT_INTERVAL_MS, once, json } = options;
    const source = new QueueSource(await call.connect(), match);
    // A terminal such as that of an editor cannot move its cursor.
    const isDumb = process.env["TERM"] === "dumb";
    if (terminal.isTerminal && !isDumb && !once && !json) {
      const intervalMs = Math.max(interval, INTERVAL_MS_MIN);
      const { paint } = tableOptions(terminal);
      const view = new TopView(address, { sort, intervalMs, paint });
      return await new LiveTop(view, source, terminal).run();
    }
    const { rows } = await source.read();
    await source.addRates(sorted(rows, "ready"));
    await showRows(call, [sorted(rows, sort)], {
      columns: [...queueColumns, ...rateColumns, pausedColumn],
      json: ({ facts, rates, heldBackBy }) => ({
        ...facts.json(),
        perSecond: rates,
        ...(heldBackBy !== null && { heldBackBy }),
      }),
      nothing: "there are no queues",
    });
    return exitCodes.done;
  },
});
