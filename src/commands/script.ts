// EVAL, EVALSHA and SCRIPT, for the scripts that okq knows (see known-scripts.ts).
import type { Call, Command } from "./command.ts";
import { commandError } from "./errors.ts";
import type { KnownScript, ScriptArguments } from "./known-scripts.ts";
import { integerOf } from "./list-arguments.ts";
import { demandRight } from "./permission.ts";
import type { Submission } from "./submission.ts";
import { wordOf } from "./words.ts";

function evaluate(call: Call): Submission {
  const [, text] = call.args;
  const args = argumentsIn(call);
  return run(call.context.scripts.withText(text!).script, args, call);
}

/** As in Redis, an unknown script is noticed first. */
function evaluateBySha(call: Call): Submission {
  const script = call.context.scripts.withSha(call.args[1]!);
  if (!script) throw commandError("noScript");
  return run(script, argumentsIn(call), call);
}

function argumentsIn({ args }: Call): ScriptArguments {
  const [, , numkeys, ...others] = args;
  const count = integerOf(numkeys!);
  if (count > others.length) throw commandError("tooManyKeys");
  if (count < 0) throw commandError("negativeKeys");
  return { keys: others.slice(0, count), rest: others.slice(count) };
}

function run(script: KnownScript, args: ScriptArguments, call: Call): Submission {
  demandRight(script.right, wordOf(call.args[0]!), call.client);
  if (args.keys.length === 0) throw commandError("scriptKey");
  return script.run(args, call);
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
    syntax: "script",
    summary: "The SHA1 sum of such a script, for EVALSHA.",
    flags: ["noscript"],
    run: ({ args, context }) => context.scripts.withText(args[2]!).sha,
  },
  {
    ...shared,
    group: "server",
    name: "SCRIPT EXISTS",
    syntax: "sha1 [sha1 ...]",
    summary: "1 for each that EVALSHA knows, else 0.",
    flags: ["noscript"],
    run: ({ args, context }) => args.slice(2).map((sha) => (context.scripts.withSha(sha) ? 1 : 0)),
  },
];
