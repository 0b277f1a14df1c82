// `okq get`: all that okq knows of events.
import type { Okq } from "../../client/client.ts";
import { clientCommand, type Invocation } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { eventFacts } from "../looks/event-lines.ts";
import { Facts } from "../looks/facts.ts";
import { labelledLines } from "../looks/labelled-lines.ts";
import { serverClock } from "../looks/server-clock.ts";
import { tableOptions } from "../looks/show-rows.ts";
import { printable } from "../terminal/printable.ts";

/** Of contents on a terminal. */
const SHOWN_BYTES_MAX = 16 * 1024;

const options = {
  raw: { kind: "flag", help: "write the contents alone, as they are" },
} as const;

export const get = clientCommand({
  name: "get",
  group: "looks",
  summary: "show all that okq knows of events",
  words: "QUEUE ID...",
  options,
  details: [
    "The exit code is 1 if one of the events is not there (any more).",
    "JSON has the names of the HTTP API.",
  ],
  examples: [
    ["okq get mail 7", "shows the state of event 7, its attempts, errors and contents"],
    ["okq get --raw mail 7 > 7.json", "writes its contents into a file"],
  ],
  async run(call) {
    const [queue = "", ...ids] = call.words;
    const okq = await call.connect();
    let exitCode: number = exitCodes.done;
    for (const id of ids) {
      // oxlint-disable-next-line no-await-in-loop -- in this order
      if (await show(okq, queue, id, call)) continue;
      call.terminal.note(`okq: there is no event ${printable(id)} in ${printable(queue)}`);
      exitCode = exitCodes.notDone;
    }
    return exitCode;
  },
});

/** Whether the event is there. */
async function show(
  okq: Okq,
  queue: string,
  id: string,
  { options: { raw, json }, terminal, words }: Invocation<typeof options>,
): Promise<boolean> {
  const reply = await okq.call("QGET", queue, id);
  if (reply === null) return false;
  const event = new Facts(reply);
  if (raw) {
    await terminal.bytes(event.bytes("contents"));
  } else if (json) {
    await terminal.json({ queue, ...event.json() });
  } else {
    const now = (await serverClock(okq))();
    const contentsMax = terminal.isTerminal ? SHOWN_BYTES_MAX : Infinity;
    const facts = eventFacts(queue, event, { now, contentsMax });
    const lines = labelledLines(facts, tableOptions(terminal));
    const isLast = words.at(-1) === id;
    await terminal.line([...lines, ...(isLast ? [] : [""])].join("\n"));
  }
  return true;
}
