// `okq config`: shows, sets and takes back the settings of a queue, or of all queues.
import { pairsIn, type Reply, textIn } from "../../client/reply.ts";
import type { Word } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { clientCommand, type Invocation } from "../client-command.ts";
import type { ClientOptions } from "../client-option.ts";
import { exitCodes } from "../exit-codes.ts";
import type { Json } from "../terminal/json-text.ts";
import { printable } from "../terminal/printable.ts";

const options = {
  defaults: { kind: "flag", help: "the settings of all queues that have none of their own" },
  reset: { kind: "flag", help: "take the named SETTINGs back, or all of them" },
} as const satisfies ClientOptions;

export const config = clientCommand({
  name: "config",
  group: "queues",
  summary: "show or change the settings of a queue",
  details: [
    "Prints all settings as they are then. All changes are made, or none.",
    "With --defaults there is no QUEUE: the words are SETTINGs.",
  ],
  words: "[QUEUE] [SETTING=VALUE...]",
  options,
  examples: [
    ["okq config mail", "shows all settings"],
    ["okq config mail max-attempts=25 'backoff=exponential 1 60'", "changes two"],
    ["okq config mail --reset backoff", "takes one back"],
    ["okq config --defaults max-attempts=25", "for all queues that have no value of their own"],
  ],
  async run(call) {
    const { words, options: given, terminal, connect } = call;
    const [queue, ...ofQueue] = words;
    if (!given.defaults && queue === undefined) {
      throw new UsageError("QUEUE is missing: okq config QUEUE [SETTING=VALUE...], or --defaults");
    }
    const command: Word[] = given.defaults ? ["QDEFAULT"] : ["QCONFIG", queue!];
    const changes = changeWords(given.defaults ? words : ofQueue, given.reset);
    const okq = await connect();
    if (changes.length > 0) await okq.call(...command, ...changes);
    await show(terminal, given.json, await okq.call(...command));
    return exitCodes.done;
  },
});

/** Throws UsageError. */
function changeWords(settings: string[], isReset: boolean): Word[] {
  if (isReset) {
    const withValue = settings.find((text) => text.includes("="));
    if (withValue === undefined) return ["RESET", ...settings];
    throw new UsageError(`--reset takes names of settings, not ${JSON.stringify(withValue)}`);
  }
  return settings.flatMap((text) => {
    const at = text.indexOf("=");
    if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
    throw new UsageError(`${JSON.stringify(text)} is not of the form SETTING=VALUE`);
  });
}

async function show(
  terminal: Invocation["terminal"],
  isJson: boolean,
  reply: Reply,
): Promise<void> {
  const settings = pairsIn(reply).map(([name, value]) => [name, textIn(value)] as const);
  if (isJson) return await terminal.json(Object.fromEntries(settings) as Json);
  const width = Math.max(...settings.map(([name]) => name.length));
  const lines = settings.map(([name, value]) => {
    const shown = value === "" ? terminal.paint('""', "dim") : printable(value);
    return `${name.padEnd(width)}  ${shown}`;
  });
  await terminal.line(lines.join("\n"));
}
