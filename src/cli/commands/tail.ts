// `okq tail`: what happens in queues, as it happens.
import { shown } from "../../config/option.ts";
import { UsageError } from "../../config/usage-error.ts";
import { REPORTED } from "../../queue/report.ts";
import { clientCommand } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { BoundedLines } from "../tail/bounded-lines.ts";
import { LostMessages } from "../tail/lost-messages.ts";
import { messageJson, messageLine, type Told } from "../tail/message-text.ts";
import { plural } from "../terminal/figures.ts";
import { onEndSignal } from "../terminal/signals.ts";
import type { Terminal } from "../terminal/terminal.ts";

export const tail = clientCommand({
  name: "tail",
  group: "looks",
  summary: "show what happens in queues, as it happens",
  details: [
    "PATTERN is the name of a queue or a glob: * stands for any bytes. Without one all queues " +
      "are shown. What happened before is not shown.",
    "It goes on until Ctrl-C, also when okq was away. A line `missed` says where messages are " +
      "missing: from when to when there was no connection, how many were lost because the reader " +
      "of the output is slow, and how many okq has lost, for all its clients together.",
    "JSON is that of the messages of okq.",
  ],
  words: "[PATTERN...]",
  options: {
    event: { kind: "list", short: "e", value: "EVENT", help: `only these: ${REPORTED.join(", ")}` },
    final: { kind: "flag", help: "of failed, crashed and expired events only the final ones" },
    count: { kind: "number", short: "n", min: 1, help: "end after so many" },
  },
  examples: [
    ["okq tail", "shows what happens in all queues"],
    ["okq tail 'mail*' -e failed --final", "the events that fail for good"],
    ["okq tail mail --json | jq -r .id", "the ids of all events that anything happens to"],
  ],
  async run(call) {
    const { terminal, options: given, words } = call;
    const unknown = given.event.find((name) => !REPORTED.some((kind) => kind === name));
    if (unknown !== undefined) {
      throw new UsageError(`--event: ${shown(unknown)} is not one of ${REPORTED.join(", ")}`);
    }
    const ended = Promise.withResolvers<number>();
    const missing = (count: number, reason: string) =>
      given.json
        ? JSON.stringify({ event: "missed", count })
        : terminal.paint(`missed    ${plural(count, "message")}: ${reason}`, "yellow");
    const lines = new BoundedLines(
      (text) => terminal.line(text),
      (count) => missing(count, "the output is read too slowly"),
      ended.reject,
    );
    const stop = onEndSignal((exitCode) => ended.resolve(exitCode));
    let lost: LostMessages | null = null;
    try {
      const okq = await call.connect();
      lost = new LostMessages(okq, (count) =>
        lines.push(missing(count, "okq has lost them, for this reader or for others")),
      );
      await lost.start();
      let left = given.count ?? Infinity;
      const topics = (words.length > 0 ? words : ["*"]).map((pattern) => ({ pattern }));
      await okq.subscribe(topics, (heard) => {
        lost?.heard();
        if (heard.event === "ended") return ended.reject(heard.error);
        if (left === 0 || !isWanted(heard, given)) return;
        lines.push(given.json ? JSON.stringify(messageJson(heard)) : lineOf(heard, terminal));
        if (heard.event !== "missed" && --left === 0) ended.resolve(exitCodes.done);
      });
      return await ended.promise;
    } finally {
      // From now on a signal ends it at once.
      stop();
      lost?.stop();
      await lines.end();
    }
  },
});

function isWanted(told: Told, { event, final }: { event: string[]; final: boolean }): boolean {
  if (told.event === "missed") return true;
  if (event.length > 0 && !event.includes(told.event)) return false;
  return !final || !("isFinal" in told) || told.isFinal;
}

function lineOf(told: Told, terminal: Terminal): string {
  return messageLine(told, (text, colour) => terminal.paint(text, colour));
}
