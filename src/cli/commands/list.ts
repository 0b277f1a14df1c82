// `okq list`: the events of a queue, page by page.
import { clientCommand } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { eventColumns } from "../looks/event-columns.ts";
import { pagesOf } from "../looks/pages.ts";
import { serverClock } from "../looks/server-clock.ts";
import { showRows } from "../looks/show-rows.ts";
import { selectionOptions, selectionWords } from "./selection.ts";

export const list = clientCommand({
  name: "list",
  group: "looks",
  summary: "list the events of a queue",
  words: "QUEUE",
  details: [
    "Without --state it lists the ready events first, the next one to be popped before the " +
      "others, then delayed, claimed, failed and completed ones. All of them, unless --count " +
      "says otherwise.",
    "On a terminal the table is as wide as the terminal: columns of less use are left out, and " +
      "long values are cut. Elsewhere, and with --json, nothing is cut.",
  ],
  options: {
    state: {
      kind: "choice",
      short: "s",
      values: ["ready", "delayed", "claimed", "failed", "completed"],
      help: "events in that state",
    },
    ...selectionOptions,
    count: { kind: "number", short: "n", min: 1, help: "at most so many" },
    reverse: { kind: "flag", short: "r", help: "the last ones first" },
    contents: { kind: "flag", short: "c", help: "with their contents" },
  },
  examples: [
    ["okq list mail", "lists the events of the queue mail"],
    ["okq list mail --state failed --error '*timeout*'", "those that failed with such an error"],
    ["okq list mail -c --json | jq .contents", "the contents of all events"],
  ],
  async run(call) {
    const [queue = ""] = call.words;
    const { state, count, reverse, contents } = call.options;
    const selection = selectionWords(call.options);
    const okq = await call.connect();
    const now = await serverClock(okq);
    const command = [
      "QLIST",
      queue,
      ...(state === undefined ? [] : ["STATE", state]),
      ...selection,
      ...(reverse ? ["REVERSE"] : []),
      ...(contents ? ["CONTENTS"] : []),
    ];
    const pages = pagesOf(okq, command, count);
    await showRows(call, pages, {
      columns: eventColumns(now, contents),
      json: (event) => event.json(),
      nothing: "there are no such events",
    });
    return exitCodes.done;
  },
});
