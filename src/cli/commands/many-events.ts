// `okq delete`, `okq retry` and `okq move`: events named by their ids, or all that fit.
import { arrayIn, numberIn } from "../../client/reply.ts";
import type { Okq } from "../../client/client.ts";
import { bytesOf, type Word } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { clientCommand } from "../client-command.ts";
import { CommandFailure } from "../command-failure.ts";
import { exitCodes } from "../exit-codes.ts";
import { printable } from "../terminal/printable.ts";
import type { Terminal } from "../terminal/terminal.ts";
import { countOfLong } from "./long-command.ts";
import { selectionOptions, selectionWords } from "./selection.ts";

/** What a command takes. */
const IDS_MAX = 1000;

const count = { kind: "number", short: "n", min: 1, help: "at most so many" } as const;

export const deleteEvents = clientCommand({
  name: "delete",
  group: "events",
  summary: "remove events by their ids, unless they are claimed",
  details: ["Exits with 1 if one of them was not there, or claimed; the others are removed."],
  words: "QUEUE ID...",
  options: {},
  examples: [["okq delete mail 1 2", "removes two events"]],
  async run({ words: [queue, ...ids], options, terminal, connect }) {
    const okq = await connect();
    const done = await eachOf(okq, ids, (some) => ["QDEL", queue!, ...some]);
    await report(terminal, options.json, "removed", done.filter(Boolean).length);
    return demandAll(ids, done, "not there, or claimed");
  },
});

export const retry = clientCommand({
  name: "retry",
  group: "events",
  summary: "make failed events ready again, and delayed ones that wait for another attempt",
  details: [
    "Their attempts count from 0. With --all it takes all that fit; with IDs it exits with 1 if " +
      "one of them was no such event.",
  ],
  words: "QUEUE [ID...]",
  options: {
    all: { kind: "flag", help: "all that fit the following options" },
    right: { kind: "flag", help: "they are the next ones out; only with --all" },
    state: { kind: "choice", values: ["failed", "delayed"], help: "only with --all" },
    ...selectionOptions,
    count,
  },
  examples: [
    ["okq retry mail 1 2", "two events"],
    ["okq retry mail --all --error '*timeout*'", "all that failed with such an error"],
  ],
  async run({ words: [queue, ...ids], options, terminal, connect }) {
    const fitting = selectionWords(options);
    if (options.right) fitting.unshift("RIGHT");
    if (options.state !== undefined) fitting.push("STATE", options.state);
    if (options.count !== undefined) fitting.push("COUNT", options.count);
    demandOne(ids, options.all, fitting);
    const okq = await connect();
    if (options.all) {
      const all = await countOfLong(okq, ["QRETRY", queue!, "ALL", ...fitting]);
      await report(terminal, options.json, "retried", all);
      return exitCodes.done;
    }
    const done = await eachOf(okq, ids, (some) => ["QRETRY", queue!, "IDS", ...some]);
    await report(terminal, options.json, "retried", done.filter(Boolean).length);
    return demandAll(ids, done, "not failed, and not waiting for another attempt");
  },
});

export const move = clientCommand({
  name: "move",
  group: "events",
  summary: "move events to the end of another queue",
  details: [
    "Without IDs it needs --all. An event whose id is taken there stays. Exits with 1 if fewer " +
      "events were moved than there are IDs.",
  ],
  words: "QUEUE TARGET [ID...]",
  options: {
    all: { kind: "flag", help: "all that fit the following options" },
    state: {
      kind: "choice",
      values: ["ready", "delayed", "failed", "completed"],
      help: "events in that state (ready)",
    },
    ...selectionOptions,
    count,
  },
  examples: [
    ["okq move mail archive 1 2", "two ready events"],
    ["okq move dead mail --all --state failed", "all failed events"],
  ],
  async run({ words: [queue, target, ...ids], options, terminal, connect }) {
    const state: Word[] = options.state === undefined ? [] : ["STATE", options.state];
    const fitting = selectionWords(options);
    if (options.count !== undefined) fitting.push("COUNT", options.count);
    demandOne(ids, options.all, fitting);
    const okq = await connect();
    const command = ["QMOVE", queue!, target!, ...state, ...fitting];
    let moved = 0;
    if (options.all) moved = await countOfLong(okq, command);
    for (const some of inSteps(ids)) {
      moved += await countOfLong(okq, [...command, "IDS", ...some]);
    }
    await report(terminal, options.json, "moved", moved);
    return options.all || moved === ids.length ? exitCodes.done : exitCodes.notDone;
  },
});

/** Throws UsageError unless there are either ids or --all. */
function demandOne(ids: string[], isAll: boolean, fitting: Word[]): void {
  if (ids.length === 0 && !isAll) throw new UsageError("name the IDs, or give --all");
  if (ids.length > 0 && isAll) throw new UsageError("IDs and --all exclude each other");
  if (ids.length > 0 && fitting.length > 0) {
    throw new UsageError("options that select events are for --all, not for IDs");
  }
}

function* inSteps(ids: string[]): Generator<string[]> {
  for (let at = 0; at < ids.length; at += IDS_MAX) yield ids.slice(at, at + IDS_MAX);
}

/** Whether the command did it, for each id. */
async function eachOf(
  okq: Okq,
  ids: string[],
  command: (ids: string[]) => Word[],
): Promise<boolean[]> {
  const done: boolean[] = [];
  for (const some of inSteps(ids)) {
    const reply = await okq.call(...command(some));
    done.push(...arrayIn(reply).map((each) => numberIn(each) === 1));
  }
  return done;
}

async function report(
  terminal: Terminal,
  isJson: boolean,
  verb: "removed" | "retried" | "moved",
  number: number,
): Promise<void> {
  await (isJson ? terminal.json({ [verb]: number }) : terminal.line(`${verb} ${number}`));
}

function demandAll(ids: string[], done: boolean[], reason: string): number {
  const left = ids.filter((_, at) => !done[at]).map((id) => printable(bytesOf(id)));
  if (left.length === 0) return exitCodes.done;
  const shown = left.length > 10 ? [...left.slice(0, 10), `${left.length - 10} more`] : left;
  throw new CommandFailure(`${reason}: ${shown.join(", ")}`, exitCodes.notDone);
}
