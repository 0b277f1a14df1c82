// EVAL, EVALSHA and SCRIPT. okq runs no Lua: it does what the scripts do that it knows.
import { LIST_STEP_MAX, type ListPop, WRONG_TYPE } from "../queue/lists.ts";
import type { Right } from "../users/user.ts";
import type { Answer } from "./answer.ts";
import type { Call, Command } from "./command.ts";
import { commandError } from "./errors.ts";
import type { KnownScript } from "./known-scripts.ts";
import { integerOf, resultOf } from "./list-arguments.ts";
import { demandRight } from "./permission.ts";
import { PoppedEvents } from "./popped-events.ts";
import { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

/** The keys and the other arguments of a call. */
interface Arguments {
  keys: [Buffer, ...Buffer[]];
  rest: Buffer[];
}

interface Script {
  right: Right;
  run(args: Arguments, call: Call): Submission;
}

const scripts: Record<KnownScript, Script> = {
  keda: { right: "inspect", run: ({ keys }) => lengthOf(keys[0]) },
  logstash: { right: "consume", run: takeSome },
};

/** How long a list is, or how many members a set has. */
function lengthOf(queue: Buffer): Submission {
  return Submission.two(
    { kind: "listLength", queue },
    { kind: "setCount", queue },
    (length, members) => resultOf(length === WRONG_TYPE ? members : length, queue),
  );
}

/** Takes one event more than the argument says, from the left. */
function takeSome({ keys: [queue], rest: [last] }: Arguments, { context }: Call): Submission {
  const index = last ? integerOf(last) : -1;
  if (index < 0) throw commandError("scriptNumber");
  const count = Math.min(index + 1, LIST_STEP_MAX);
  const pop: ListPop = { kind: "listPop", queues: [queue], end: "left", count };
  return Submission.one(pop, (result): Answer => {
    const popped = resultOf(result, queue);
    if (popped.length === 0) return [];
    context.stats.pops += popped.length;
    const contents = popped.map((event) => event.contents);
    return new PoppedEvents(context.store, popped, contents, false);
  });
}

function evaluate(call: Call): Submission {
  const args = argumentsIn(call);
  return run(scriptWith(call.args[1]!, call).script, args, call);
}

/** As in Redis, an unknown script is noticed first. */
function evaluateBySha(call: Call): Submission {
  const script = call.context.scripts.withSha(call.args[1]!);
  if (!script) throw commandError("noScript");
  return run(script, argumentsIn(call), call);
}

function scriptWith(text: Buffer, { context }: Call) {
  const found = context.scripts.withText(text);
  if (!found) throw commandError("unknownScript");
  return found;
}

function argumentsIn({ args }: Call) {
  const [, , numkeys, ...others] = args;
  const count = integerOf(numkeys!);
  if (count > others.length) throw commandError("tooManyKeys");
  if (count < 0) throw commandError("negativeKeys");
  return { keys: others.slice(0, count), rest: others.slice(count) };
}

function run(script: KnownScript, { keys, rest }: ReturnType<typeof argumentsIn>, call: Call) {
  const { right, run: runIt } = scripts[script];
  demandRight(right, wordOf(call.args[0]!), call.client);
  const [key, ...others] = keys;
  if (!key) throw commandError("scriptKey");
  return runIt({ keys: [key, ...others], rest }, call);
}

const shared = {
  group: "key",
  access: "logged-in",
  since: "0.1.0",
  flags: ["noscript", "movablekeys"],
} as const;

export const scriptCommands: Command[] = [
  {
    ...shared,
    name: "EVAL",
    syntax: "script numkeys [queue ...] [argument ...]",
    summary:
      "Does what one of two scripts does: that of KEDA's list scaler (for the right inspect) and " +
      "that of Logstash's Redis input (consume). Any other is an error.",
    run: evaluate,
  },
  {
    ...shared,
    name: "EVALSHA",
    syntax: "sha1 numkeys [queue ...] [argument ...]",
    summary: "The same by the SHA1 sum of its text.",
    run: evaluateBySha,
  },
  {
    ...shared,
    group: "server",
    name: "SCRIPT LOAD",
    isForwarded: true,
    syntax: "script",
    summary: "The SHA1 sum of such a script, for EVALSHA.",
    flags: ["noscript"],
    run: (call) => scriptWith(call.args[2]!, call).sha,
  },
  {
    ...shared,
    group: "server",
    name: "SCRIPT EXISTS",
    isForwarded: true,
    syntax: "sha1 [sha1 ...]",
    summary: "1 for each that EVALSHA knows, else 0.",
    flags: ["noscript"],
    run: ({ args, context }) => args.slice(2).map((sha) => (context.scripts.withSha(sha) ? 1 : 0)),
  },
];
