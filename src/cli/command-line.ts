// Parses the command line and the environment into an action. Prints nothing, starts nothing.
import { flagUsage } from "../config/config-text.ts";
import { expandHome } from "../config/home-path.ts";
import { shown } from "../config/option.ts";
import { type Config, type OptionName, optionNames, options } from "../config/options.ts";
import { resolveConfig } from "../config/resolve.ts";
import { UsageError } from "../config/usage-error.ts";
import { type Arguments, firstWord, type OptionShape, readArguments } from "./arguments.ts";
import { isClientCommand } from "./client-commands.ts";
import { commonOptions } from "./common-options.ts";
import { type CopySides, copyShapes, copySides } from "./copy/copy-options.ts";
import { shapesOf } from "./option-values.ts";
import type { TextName } from "./printed-text.ts";

export type Action =
  | { kind: "serve"; config: Config }
  | { kind: "check" | "health"; config: Config }
  | { kind: "backup"; config: Config; file: string }
  | ({ kind: "copy" } & CopySides)
  | { kind: "passwd"; name: string | null }
  /** The topic is a command or a shell; empty for none. */
  | { kind: "print"; text: TextName; topic: string }
  | ClientCall;

/** A command of the client. Its arguments are read when it is loaded. */
export interface ClientCall {
  kind: "client";
  name: string;
  argv: readonly string[];
}

/** The commands that are not of the client, with the words that they take. */
const wordsMax: Record<string, number> = {
  serve: 0,
  commands: 0,
  backup: 1,
  check: 0,
  copy: 0,
  passwd: 1,
  health: 0,
  help: 1,
  completion: 1,
};

/** Flags that print a text and start nothing. */
const printFlags: Record<string, OptionShape> = {
  example: { takesValue: false, usage: "--example" },
  help: { takesValue: false, short: "h", usage: "--help" },
  version: { takesValue: false, short: "v", usage: "--version" },
};
const SEE_HELP = "(see okq --help)";

const shapes = { options: serverShapes(), hint: SEE_HELP, takesDash: false };
const allShapes = {
  ...shapes,
  options: { ...shapes.options, ...copyShapes, ...shapesOf(commonOptions) },
};

function serverShapes(): Record<string, OptionShape> {
  const shapesByName = optionNames.map((name) => [
    name,
    { takesValue: options[name].kind !== "boolean", usage: flagUsage(name) },
  ]);
  return { ...Object.fromEntries(shapesByName), ...printFlags };
}

/** argv without executable and script. Throws UsageError. */
export function parseCommandLine(
  argv: readonly string[],
  env: Record<string, string | undefined>,
): Action {
  const first = firstWord(argv, allShapes);
  if (first !== undefined && isClientCommand(first)) return { kind: "client", name: first, argv };
  if (first === "copy") return copyAction(argv, env);
  const given = readArguments(argv, shapes);
  const words = [...given.words, ...(given.behindDashes ?? [])];
  checkWords(words);
  const [command = "serve", argument] = words;
  const printed = printedBy(command, argument, given);
  if (printed !== null) return { kind: "print", ...printed };
  if (command === "passwd") return { kind: "passwd", name: argument ?? null };
  const config = resolveConfig(optionTexts(given), env);
  if (command === "check" || command === "health") return { kind: command, config };
  if (command === "backup") return { kind: "backup", config, file: backupFile(argument) };
  return { kind: "serve", config };
}

function copyAction(argv: readonly string[], env: Record<string, string | undefined>): Action {
  const sides = copySides(argv, env);
  if (sides === null) return { kind: "print", text: "help", topic: "copy" };
  return { kind: "copy", ...sides };
}

/** What the command line asks to be printed; null if something else. */
function printedBy(
  command: string,
  argument: string | undefined,
  { values }: Arguments,
): { text: TextName; topic: string } | null {
  const isGiven = (flag: string) => values[flag]?.at(-1) === "true";
  if (isGiven("help")) return { text: "help", topic: "serve" };
  if (isGiven("version")) return { text: "version", topic: "" };
  if (isGiven("example")) return { text: "example", topic: "" };
  if (command === "commands") return { text: "commands", topic: "" };
  if (command === "help") return { text: "help", topic: helpTopic(argument) };
  if (command === "completion") return { text: "completion", topic: shellOf(argument) };
  return null;
}

function helpTopic(topic = ""): string {
  if (topic === "" || Object.hasOwn(wordsMax, topic) || isClientCommand(topic)) return topic;
  throw new UsageError(`there is no command ${shown(topic)} ${SEE_HELP}`);
}

function shellOf(shell: string | undefined): string {
  if (shell !== undefined && ["bash", "zsh", "fish"].includes(shell)) return shell;
  throw new UsageError("completion needs the name of a shell: okq completion bash|zsh|fish");
}

function checkWords([command = "serve", ...rest]: string[]): void {
  if (!Object.hasOwn(wordsMax, command)) {
    throw new UsageError(
      `unknown command ${shown(command, "that may hold a password")} ${SEE_HELP}`,
    );
  }
  const surplus = rest[wordsMax[command]!];
  if (surplus === undefined) return;
  throw new UsageError(
    `surplus argument ${shown(surplus, "that may hold a password")} ${SEE_HELP}`,
  );
}

/** The last value of each option; of a list all of them, with commas between them. */
function optionTexts({ values }: Arguments): Partial<Record<OptionName, string>> {
  const texts: Partial<Record<OptionName, string>> = {};
  for (const name of optionNames) {
    const given = values[name];
    if (given === undefined) continue;
    texts[name] = options[name].kind === "list" ? given.join(",") : given.at(-1)!;
  }
  return texts;
}

function backupFile(file: string | undefined): string {
  if (!file) throw new UsageError("backup needs the name of a new file: okq backup FILE");
  try {
    return expandHome(file);
  } catch (error) {
    throw new UsageError(`backup: ${shown(file)} ${(error as Error).message}`);
  }
}
