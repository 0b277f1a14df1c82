// `okq cron`: events that okq pushes at the times of a spec.
import { type CronOptions, cronWords } from "../../client/manage/cron.ts";
import { bytesOf as bytesOfText } from "../../client/words.ts";
import { UsageError } from "../../config/usage-error.ts";
import { clientCommand, type Invocation } from "../client-command.ts";
import type { ClientOptions } from "../client-option.ts";
import { exitCodes } from "../exit-codes.ts";
import { bytesOf, Facts, listOf } from "../looks/facts.ts";
import { showRows } from "../looks/show-rows.ts";
import { NONE, time } from "../terminal/figures.ts";
import { jsonOfBytes } from "../terminal/json-text.ts";
import { printable } from "../terminal/printable.ts";
import type { Column } from "../terminal/table.ts";
import { pushOptions, pushOptionsOf } from "./push-options.ts";

const { at: _, replace: __, "fail-duplicate": ___, ...eventOptions } = pushOptions;

const options = {
  tz: { kind: "text", value: "ZONE", help: "set: time zone of the spec, Europe/Berlin (UTC)" },
  "catch-up": {
    kind: "flag",
    help: "set: if no okq ran at some of its times, push one event for the latest of these",
  },
  ...eventOptions,
} as const satisfies ClientOptions;

type Call = Invocation<typeof options>;

const columns: Column<Facts>[] = [
  { title: "QUEUE", of: (entry) => entry.bytes("queue"), least: 8 },
  { title: "NAME", of: (entry) => entry.bytes("name"), least: 8 },
  { title: "SPEC", of: (entry) => entry.bytes("spec") },
  { title: "ZONE", of: (entry) => entry.bytes("tz"), dispensable: 3 },
  { title: "CATCH UP", of: (entry) => entry.bytes("catchup"), dispensable: 4 },
  { title: "NEXT", of: (entry) => moment(entry, "next-at") },
  { title: "LAST", of: (entry) => moment(entry, "last-at"), dispensable: 2 },
  { title: "CONTENTS", of: (entry) => entry.bytes("contents"), least: 10, dispensable: 1 },
];

function moment(entry: Facts, name: string): string {
  const at = entry.number(name);
  return at === null ? NONE : time(at);
}

/** The forms of the command, by their first word. */
const forms: Record<string, { usage: string; least: number; most: number; run: Form }> = {
  list: { usage: "list [QUEUE]", least: 0, most: 1, run: list },
  set: { usage: "set QUEUE NAME SPEC [CONTENTS]", least: 3, most: 4, run: set },
  delete: { usage: "delete QUEUE NAME", least: 2, most: 2, run: remove },
  run: { usage: "run QUEUE NAME", least: 2, most: 2, run: runNow },
};
type Form = (call: Call, words: string[]) => Promise<number>;

export const cron = clientCommand({
  name: "cron",
  group: "queues",
  summary: "list, set, delete and run cron entries",
  details: [
    "okq cron list [QUEUE]; okq cron set QUEUE NAME SPEC [CONTENTS]; okq cron delete QUEUE NAME; " +
      "okq cron run QUEUE NAME. Without any words it lists all entries.",
    "SPEC has five fields: minute hour day-of-month month weekday, or six with seconds first. " +
      "Without CONTENTS, or with -, set reads them from standard input. The same set again " +
      "changes nothing, so a program may do it at every start.",
    "All options but those that every command has are for set. run pushes the event now and " +
      "prints its id.",
  ],
  words: "[list|set|delete|run] [QUEUE] [NAME] [SPEC] [CONTENTS]",
  options,
  examples: [
    ["okq cron set reports nightly '30 2 * * *' sales --tz Europe/Berlin", "every night at 2:30"],
    ["okq cron run reports nightly", "pushes its event now"],
    ["okq cron", "lists all entries"],
  ],
  async run(call) {
    const [name = "list", ...words] = call.words;
    const form = Object.hasOwn(forms, name) ? forms[name] : undefined;
    if (form === undefined) {
      throw new UsageError(`cron takes ${Object.keys(forms).join(", ")}, not ${printable(name)}`);
    }
    if (words.length < form.least || words.length > form.most) {
      throw new UsageError(`the usage is: okq cron ${form.usage}`);
    }
    return await form.run(call, words);
  },
});

async function list(call: Call, words: string[]): Promise<number> {
  const okq = await call.connect();
  const entries = listOf(await okq.call("QCRON", "LIST", ...words));
  await showRows(call, [entries.map((entry) => new Facts(entry))], {
    columns,
    json: (entry) => entry.json(),
    nothing: "there are no cron entries",
  });
  return exitCodes.done;
}

async function set(call: Call, [queue, name, spec, given]: string[]): Promise<number> {
  const { options: values, terminal } = call;
  const { onDuplicate: _onDuplicate, ...pushed } = pushOptionsOf({
    ...values,
    at: undefined,
    replace: false,
    failDuplicate: false,
  });
  const catchUp = values.catchUp ? "one" : undefined;
  const words = cronWords({ ...pushed, zone: values.tz, catchUp } as CronOptions);
  const isFromInput = given === undefined || given === "-";
  const contents = isFromInput ? await terminal.input().whole() : bytesOfText(given);
  const okq = await call.connect();
  await okq.call("QCRON", "SET", queue!, name!, spec!, contents, ...words);
  await (values.json ? terminal.json({ done: true }) : terminal.line("set"));
  return exitCodes.done;
}

async function remove(call: Call, words: string[]): Promise<number> {
  const isRemoved = (await (await call.connect()).call("QCRON", "DEL", ...words)) === 1;
  if (call.options.json) await call.terminal.json({ removed: isRemoved });
  else if (isRemoved) await call.terminal.line("deleted");
  return isRemoved ? exitCodes.done : absent(call, words);
}

async function runNow(call: Call, words: string[]): Promise<number> {
  const id = await (await call.connect()).call("QCRON", "RUN", ...words);
  if (call.options.json)
    await call.terminal.json({ id: id === null ? null : jsonOfBytes(bytesOf(id)) });
  else if (id !== null) await call.terminal.line(printable(bytesOf(id)));
  return id === null ? absent(call, words) : exitCodes.done;
}

function absent({ terminal }: Call, [queue = "", name = ""]: string[]): number {
  terminal.note(`okq: there is no cron entry ${printable(name)} in ${printable(queue)}`);
  return exitCodes.notDone;
}
