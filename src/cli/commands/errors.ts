// `okq errors`: the most frequent errors of a queue.
import { numberIn } from "../../client/reply.ts";
import { clientCommand } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { bytesOf, listOf } from "../looks/facts.ts";
import { showRows } from "../looks/show-rows.ts";
import { count } from "../terminal/figures.ts";
import { jsonOfBytes } from "../terminal/json-text.ts";
import type { Column } from "../terminal/table.ts";

interface ErrorRow {
  error: Buffer;
  count: number;
  id: Buffer;
}

const columns: Column<ErrorRow>[] = [
  { title: "EVENTS", of: (row) => count(row.count), side: "right" },
  { title: "ONE OF THEM", of: ({ id }) => id, least: 11 },
  { title: "ERROR", of: ({ error }) => error, least: 20 },
];

export const errors = clientCommand({
  name: "errors",
  group: "looks",
  summary: "show the most frequent errors of failed events and of those to be tried again",
  details: ["Errors that differ only in numbers are counted together: each number stands as *."],
  words: "QUEUE",
  options: { count: { kind: "number", short: "n", min: 1, help: "at most so many (10)" } },
  examples: [
    ["okq errors mail", "the ten most frequent errors of the queue mail"],
    ["okq list mail --error 'timeout after * ms'", "the events that have one of them"],
  ],
  async run(call) {
    const [queue = ""] = call.words;
    const { count: most } = call.options;
    const okq = await call.connect();
    const reply = await okq.call("QERRORS", queue, ...(most === undefined ? [] : ["COUNT", most]));
    const rows = listOf(reply).map((row) => {
      const [error, number = 0, id] = listOf(row);
      return { error: bytesOf(error), count: numberIn(number), id: bytesOf(id) };
    });
    await showRows(call, [rows], {
      columns,
      json: (row) => ({
        error: jsonOfBytes(row.error),
        count: row.count,
        id: jsonOfBytes(row.id),
      }),
      nothing: "no event has an error",
    });
    return exitCodes.done;
  },
});
