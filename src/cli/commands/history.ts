// `okq history`: what happened in a queue in the last hour or day.
import { clientCommand } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { Facts } from "../looks/facts.ts";
import { historyLines } from "../looks/history-lines.ts";
import { tableOptions } from "../looks/show-rows.ts";
import { time } from "../terminal/figures.ts";
import { printable } from "../terminal/printable.ts";

export const history = clientCommand({
  name: "history",
  group: "looks",
  summary: "show what happened in a queue in the last hour or day",
  details: ["JSON has both the hour and the day, with the names of the HTTP API."],
  words: "QUEUE",
  options: { day: { kind: "flag", short: "d", help: "the last day; else the last hour" } },
  examples: [["okq history --day mail", "charts of the last day of the queue mail"]],
  async run({ words: [queue = ""], options: { day, json }, terminal, connect }) {
    const reply = new Facts(await (await connect()).call("QHISTORY", queue));
    const [hourFacts, dayFacts] = [reply.facts("hour"), reply.facts("day")];
    if (json) {
      await terminal.json({ queue, hour: hourFacts.json(), day: dayFacts.json() });
      return exitCodes.done;
    }
    const steps = day ? dayFacts : hourFacts;
    const minutes = steps.count("step-seconds") / 60;
    const title = `${printable(queue)} since ${time(steps.count("starts-at"))}, in steps of `;
    const lines = historyLines(steps, tableOptions(terminal));
    const step = minutes === 1 ? "a minute" : `${minutes} minutes`;
    await terminal.line([title + step, "", ...lines].join("\n"));
    return exitCodes.done;
  },
});
