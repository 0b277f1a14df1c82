// `okq tail`: what happens in queues, as it happens.
import type { Heard } from "../../client/subscription/subscription.ts";
import { shown } from "../../config/option.ts";
import { UsageError } from "../../config/usage-error.ts";
import { clientCommand } from "../client-command.ts";
import { exitCodes } from "../exit-codes.ts";
import { BoundedLines } from "../tail/bounded-lines.ts";
import { messageJson, messageLine } from "../tail/message-text.ts";
import { plural } from "../terminal/figures.ts";
import { onEndSignal } from "../terminal/signals.ts";

const kinds = [
  "pushed",
  "popped",
  "acked",
  "failed",
  "crashed",
  "expired",
  "retried",
  "paused",
] as const;

export const tail = clientCommand({
  name: "tail",
  group: "looks",
  summary: "show what happens in queues, as it happens",
  details: [
    "PATTERN is the name of a queue or a glob: * stands for any bytes. Without one all queues " +
      "are shown. What happened before is not shown.",
    "It goes on until Ctrl-C, also when okq was away: then a line `missed` says since when " +
      "something may be missing. So does a line where the output is read too slowly. okq sends " +
      "messages at most once, and does not say which ones it has lost.",
    "JSON is that of the messages of okq.",
  ],
  words: "[PATTERN...]",
  options: {
    event: { kind: "list", short: "e", value: "EVENT", help: `only these: ${kinds.join(", ")}` },
    final: { kind: "flag", help: "of failed, crashed and expired events only the final ones" },
    count: { kind: "number", short: "n", min: 1, help: "end after so many" },
  },
  examples: [
    ["okq tail", "shows what happens in all queues"],
    ["okq tail 'mail*' -e failed --final", "the events that fail for good"],
    ["okq tail mail --json | jq -r .id", "the ids of all events that anything happens to"],
  ],
  async run(call) {
    const { terminal, options, words } = call;
    const { event: wanted, final, count = Infinity } = options;
    const unknown = wanted.find((name) => !kinds.some((kind) => kind === name));
    if (unknown !== undefined) {
      throw new UsageError(`--event: ${shown(unknown)} is not one of ${kinds.join(", ")}`);
    }
    const ended = Promise.withResolvers<number>();
    let left = count;
    const isWanted = (heard: Heard): boolean => {
      if (heard.event === "missed") return true;
      if (wanted.length > 0 && !wanted.includes(heard.event)) return false;
      return !final || !("isFinal" in heard) || heard.isFinal;
    };
    const lines = new BoundedLines(
      (line) => terminal.line(line),
      (number) =>
        options.json
          ? JSON.stringify({ event: "missed", count: number })
          : `${plural(number, "message")} missing here: the output is read too slowly`,
      ended.reject,
    );
    const stop = onEndSignal((exitCode) => ended.resolve(exitCode));
    try {
      const okq = await call.connect();
      const topics = (words.length > 0 ? words : ["*"]).map((pattern) => ({ pattern }));
      await okq.subscribe(topics, (heard) => {
        if (heard.event === "ended") return ended.reject(heard.error);
        if (left === 0 || !isWanted(heard)) return;
        const line = options.json
          ? JSON.stringify(messageJson(heard))
          : messageLine(heard, (text, colour) => terminal.paint(text, colour));
        lines.push(line);
        if (heard.event !== "missed" && --left === 0) ended.resolve(exitCodes.done);
      });
      return await ended.promise;
    } finally {
      stop();
    }
  },
});
