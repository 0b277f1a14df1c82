// `okq status`: how many events are in the queues, or all figures of some of them.
import type { Okq } from "../../client/client.ts";
import { clientCommand, type Invocation } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Facts } from "../looks/facts.ts";
import { pagesOf } from "../looks/pages.ts";
import { pausedColumn, queueColumns, queueRow, statsOf } from "../looks/queue-rows.ts";
import { showRows, tableOptions } from "../looks/show-rows.ts";
import { statsLines } from "../looks/stats-facts.ts";
import { topicOption, topicStatus } from "./simplequeue.ts";

const options = {
  match: { kind: "text", short: "m", value: "GLOB", help: "queues whose name fits" },
  topic: topicOption,
} as const;

export const status = clientCommand({
  name: "status",
  group: "looks",
  summary: "show how many events are in the queues, or all figures of some queues",
  details: [
    "Without a QUEUE it shows a table of all queues. With queues it shows all figures of each of " +
      "them, over all okq processes and about a second late.",
  ],
  words: "[QUEUE...]",
  options,
  examples: [
    ["okq status", "shows all queues"],
    ["okq status --match 'mail*'", "those whose name begins with mail"],
    ["okq status mail", "shows all figures of the queue mail"],
    ["okq status --json | jq 'select(.failed > 0)'", "the queues with failed events"],
  ],
  async run(call) {
    const { topic, match } = call.options;
    if (topic !== undefined) return await topicStatus(call, topic);
    const okq = await call.connect();
    if (call.words.length > 0) await showQueues(okq, call);
    else {
      const command = ["QUEUES", ...(match === undefined ? [] : ["MATCH", match])];
      await showRows(call, rowsOf(pagesOf(okq, command)), {
        columns: [...queueColumns, pausedColumn],
        json: ({ facts }) => facts.json(),
        nothing: "there are no queues",
      });
    }
    return exitCodes.done;
  },
});

async function* rowsOf(pages: AsyncIterable<Facts[]>) {
  for await (const page of pages) yield page.map(queueRow);
}

async function showQueues(
  okq: Okq,
  { words, options: { json }, terminal }: Invocation<typeof options>,
): Promise<void> {
  for (const [at, queue] of words.entries()) {
    // oxlint-disable-next-line no-await-in-loop -- in this order
    const stats = await statsOf(okq, queue);
    const lines = json
      ? [JSON.stringify({ queue, ...stats.json() })]
      : [...(at === 0 ? [] : [""]), ...statsLines(queue, stats, tableOptions(terminal))];
    // oxlint-disable-next-line no-await-in-loop -- in this order
    await terminal.line(lines.join("\n"));
  }
}
