// `okq groups`: the groups of a queue with the most ready events.
import { clientCommand } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { Facts, listOf } from "../looks/facts.ts";
import { showRows } from "../looks/show-rows.ts";
import { count, duration, NONE } from "../terminal/figures.ts";
import type { Column } from "../terminal/table.ts";

const number = (title: string, field: string): Column<Facts> => ({
  title,
  of: (group) => count(group.count(field)),
  side: "right",
});

const columns: Column<Facts>[] = [
  { title: "GROUP", of: (group) => group.bytes("group"), least: 8 },
  number("READY", "ready"),
  number("DELAYED", "delayed"),
  number("CLAIMED", "claimed"),
  {
    title: "OLDEST",
    of: (group) => {
      const seconds = group.number("oldest-ready-seconds");
      return seconds === null ? NONE : duration(seconds);
    },
    side: "right",
    dispensable: 1,
  },
  {
    title: "LIMIT",
    of: (group) => (group.count("limit") === 0 ? NONE : count(group.count("limit"))),
    side: "right",
    dispensable: 2,
  },
  { title: "RATE", of: (group) => group.text("rate") || NONE, dispensable: 3 },
  {
    title: "PAUSED",
    of: (group) => (group.count("paused") === 1 ? "yes" : "no"),
    colour: (group) => (group.count("paused") === 1 ? "yellow" : undefined),
    dispensable: 4,
  },
];

export const groups = clientCommand({
  name: "groups",
  group: "looks",
  summary: "show the groups of a queue, those with the most ready events first",
  words: "QUEUE",
  options: { count: { kind: "number", short: "n", min: 1, help: "at most so many (10)" } },
  examples: [["okq groups work -n 20", "the 20 largest groups of the queue work"]],
  async run(call) {
    const [queue = ""] = call.words;
    const { count: most } = call.options;
    const okq = await call.connect();
    const reply = await okq.call("QGROUPS", queue, ...(most === undefined ? [] : ["COUNT", most]));
    const all = listOf(reply).map((group) => new Facts(group));
    await showRows(call, [all], {
      columns,
      json: (group) => group.json(),
      nothing: "the queue has no groups",
    });
    return exitCodes.done;
  },
});
