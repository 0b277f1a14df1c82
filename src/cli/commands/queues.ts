// `okq pause` and `okq resume`.
import type { Word } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { clientCommand } from "../client-command.ts";
import type { ClientOptions, OptionValues } from "../client-option.ts";
import { exitCodes } from "../exit-codes.ts";
import { secondsOf } from "./start-words.ts";

const which = {
  out: { kind: "flag", help: "the handing out of events" },
  in: { kind: "flag", help: "pushes, which are refused" },
  all: { kind: "flag", help: "both" },
  group: { kind: "text", value: "NAME", help: "the handing out of events of that group" },
  worker: { kind: "text", value: "NAME", help: "the handing out of events to that worker" },
} as const satisfies ClientOptions;

export const pause = clientCommand({
  name: "pause",
  group: "queues",
  summary: "hand out no more events, or refuse pushes",
  details: ["Without --in or --all nothing more is handed out. Claims go on."],
  words: "QUEUE",
  options: { ...which, for: { kind: "seconds", help: "for so long; else until it is resumed" } },
  examples: [
    ["okq pause mail", "hands out nothing more"],
    ["okq pause mail --in --for 60", "refuses pushes for a minute"],
  ],
  async run({ words: [queue], options, connect, terminal }) {
    const given: Word[] = ["QPAUSE", queue!, ...directionWords(options)];
    if (options.for !== undefined) given.push("FOR", secondsOf(options.for));
    await (await connect()).call(...given, ...ofWords(options));
    await (options.json ? terminal.json({ done: true }) : terminal.line("paused"));
    return exitCodes.done;
  },
});

export const resume = clientCommand({
  name: "resume",
  group: "queues",
  summary: "end pauses of a queue",
  details: ["Without an option all pauses of the queue end, but not those of groups and workers."],
  words: "QUEUE",
  options: which,
  examples: [["okq resume mail", "hands out events and takes pushes again"]],
  async run({ words: [queue], options, connect, terminal }) {
    const given = ["QRESUME", queue!, ...directionWords(options), ...ofWords(options)];
    await (await connect()).call(...given);
    await (options.json ? terminal.json({ done: true }) : terminal.line("resumed"));
    return exitCodes.done;
  },
});

type Which = OptionValues<typeof which>;

function directionWords(given: Which): Word[] {
  const directions = (["in", "out", "all"] as const).filter((name) => given[name]);
  if (directions.length > 1) {
    throw new UsageError(`--${directions[0]} and --${directions[1]} exclude each other`);
  }
  return directions.map((name) => name.toUpperCase());
}

function ofWords({ group, worker }: Which): Word[] {
  if (group !== undefined && worker !== undefined) {
    throw new UsageError("--group and --worker exclude each other");
  }
  if (group !== undefined) return ["GROUP", group];
  return worker === undefined ? [] : ["WORKER", worker];
}
