// QCONFIG and QDEFAULT: shows and changes the settings of one queue, or of all queues that have
// none of their own.
import { type GivenSettings, settingNamed, settings, settingText } from "../queue/settings.ts";
import { OK, Pairs } from "../resp/reply.ts";
import type { Caller } from "./caller.ts";
import { checkNew } from "./arguments.ts";
import { type QueueCall, type QueueCommand, queueCommand } from "./command.ts";
import type { QueueContext } from "./context.ts";
import { commandError } from "./errors.ts";
import { demandPush, demandRight } from "./permission.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

const ALL_QUEUES = Buffer.from("*");

const NONE: GivenSettings = new Map();

function show(queue: Buffer): Submission {
  return Submission.two(
    { kind: "settings", queue },
    { kind: "settings", queue: null },
    (own: GivenSettings, all: GivenSettings) => shown(own, all),
  );
}

function showDefaults(): Submission {
  return Submission.one({ kind: "settings", queue: null }, (all: GivenSettings) =>
    shown(NONE, all),
  );
}

function shown(own: GivenSettings, all: GivenSettings): Pairs {
  return new Pairs(
    settings.map(({ name }) => [name, Buffer.from(settingText(name, own, all), "latin1")]),
  );
}

/** `words` are names and values, or RESET and names. */
function change(queue: Buffer | null, words: Buffer[], call: QueueCall): Submission {
  const { client, context } = call;
  if (queue) checkNew("queue name", queue, context);
  const isReset = wordOf(words[0]!) === "RESET";
  const values = isReset ? resetOf(words.slice(1)) : valuesOf(words, client, context);
  return Submission.one({ kind: "configure", queue, values }, (outcome) => {
    if (outcome === "cycle") throw commandError("failedToCycle");
    if (outcome === "apart") throw commandError("failedToApart");
    return OK;
  });
}

/** Takes these settings back, or all of them. */
function resetOf(names: Buffer[]): [string, null][] {
  const reset = names.length > 0 ? names.map(nameOfSetting) : settings.map(({ name }) => name);
  return reset.map((name) => [name, null]);
}

function valuesOf(words: Buffer[], client: Caller, context: QueueContext): [string, string][] {
  const values = new Map<string, string>();
  for (let at = 0; at < words.length; at += 2) {
    const name = nameOfSetting(words[at]!);
    const given = words[at + 1];
    if (!given) throw commandError("missingValue", { option: name, usage: `${name} value` });
    if (values.has(name)) throw commandError("repeatedOption", { option: name });
    const { read, accepts } = settingNamed(name)!;
    const value = read(given.toString("latin1"));
    if (value === null) throw commandError("notOneOf", { name, accepts, given });
    if (name === "failed-to" && given.length > 0) {
      checkNew("queue name", given, context);
      demandPush(given, client);
    }
    values.set(name, value);
  }
  return [...values];
}

function nameOfSetting(bytes: Buffer): string {
  const name = wordOf(bytes).toLowerCase();
  if (settingNamed(name)) return name;
  const known = settings.map((setting) => setting.name).join(", ");
  throw commandError("unknownSetting", { known, setting: bytes });
}

const shared = {
  group: "queue",
  access: "inspect or manage",
  since: "0.1.0",
  flags: ["write"],
} as const;

export const configureCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QCONFIG",
    syntax: "queue [setting ...]",
    summary:
      "A map of all settings of a queue. With name value [name value ...] changes them, all or " +
      "none; with RESET [name ...] takes these back, or all.",
    run([, queue, ...words], _, call) {
      if (words.length === 0) return show(queue);
      demandRight("manage", "QCONFIG", call.client);
      return change(queue, words, call);
    },
  }),
  queueCommand({
    ...shared,
    name: "QDEFAULT",
    syntax: "[setting ...]",
    summary:
      "Shows or changes, as QCONFIG does, the settings of all queues that have none of their " +
      "own. To change them a user needs the right to all queues.",
    run([, ...words], _, call) {
      const { client } = call;
      if (words.length === 0) return showDefaults();
      const user = demandRight("manage", "QDEFAULT", client);
      if (!user.mayUseAll) {
        throw commandError("noQueueRight", { user: user.name, queue: ALL_QUEUES });
      }
      return change(null, words, call);
    },
  }),
];
