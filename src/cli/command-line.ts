// Parses the command line and the environment into an action. Prints nothing, starts nothing.
import { type CAC, cac } from "cac";
import metadata from "../../package.json" with { type: "json" };
import { commandReferenceText } from "../commands/reference.ts";
import { exampleConfigFile, flagUsage, optionsHelp } from "../config/config-text.ts";
import { expandHome } from "../config/home-path.ts";
import { shown } from "../config/option.ts";
import {
  camelCase,
  type Config,
  isOptionName,
  type OptionName,
  optionNames,
  options,
} from "../config/options.ts";
import { resolveConfig } from "../config/resolve.ts";
import { UsageError } from "../config/usage-error.ts";

export type Action =
  | { kind: "serve"; config: Config }
  | { kind: "check" | "health"; config: Config }
  | { kind: "backup"; config: Config; file: string }
  | { kind: "passwd"; name: string | null }
  | { kind: "print"; text: string };

const commands = {
  serve: "run the server; the same as okq without a command",
  commands: "print the commands that clients can send",
  backup: "copy the database, of a running or a stopped server, into the new file FILE",
  check: "verify the database of a stopped server and count its events",
  passwd: "read a password and print its hash, with NAME as a line for a users file",
  health: "exit with 0 if the running server can write to its store, else print the reason",
};

/** Flags that print a text and start nothing. */
const printFlags = {
  example: "print a config file with every option",
  help: "print this help",
  version: "print the version",
};
const shortFlags: Record<string, string> = { "-h": "--help", "-v": "--version" };
const SEE_HELP = "(see okq --help)";

/** argv without executable and script. Throws UsageError. */
export function parseCommandLine(
  argv: readonly string[],
  env: Record<string, string | undefined>,
): Action {
  const { prefixed, words } = prefixValues(argv);
  checkWords(words);
  const cli = describe();
  cli.parse(["", "", ...prefixed], { run: false });
  const command = cli.matchedCommandName ?? "serve";
  const texts = optionTexts(cli);
  if (cli.options["help"]) return { kind: "print", text: helpText() };
  if (cli.options["version"]) return { kind: "print", text: versionText() };
  if (cli.options["example"]) return { kind: "print", text: exampleConfigFile() };
  if (command === "commands") {
    return { kind: "print", text: `${commandReferenceText().trimEnd()}\n` };
  }
  const argument = words[1];
  if (command === "passwd") return { kind: "passwd", name: argument ?? null };
  const config = resolveConfig(texts, env);
  if (command === "check" || command === "health") return { kind: command, config };
  if (command === "backup") return { kind: "backup", config, file: backupFile(argument) };
  return { kind: "serve", config };
}

function describe(): CAC {
  const cli = cac("okq");
  for (const name of optionNames) cli.option(`--${name} <value>`, "");
  for (const [name, help] of Object.entries(printFlags)) cli.option(`--${name} [value]`, help);
  for (const [name, help] of Object.entries(commands)) cli.command(name, help);
  return cli;
}

/**
 * cac would turn values into numbers ("007" into 7, "" into 0), and its errors show flags in camel
 * case. So each value gets a prefix that no number has, and unknown flags are found here.
 */
const PREFIX = "=";

/** The arguments for cac with prefixed values, and the words: arguments that are not flags. */
function prefixValues(argv: readonly string[]): { prefixed: string[]; words: string[] } {
  const prefixed: string[] = [];
  const words: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const text = argv[index]!;
    if (text === "--") {
      words.push(...argv.slice(index + 1));
      break;
    }
    if (!text.startsWith("-")) {
      words.push(text);
      continue;
    }
    const [, flag = "", attached] = /^([^=]*)(?:=(.*))?$/s.exec(shortFlags[text] ?? text)!;
    const name = nameOfFlag(flag);
    const takesNext = attached === undefined && takesValue(name);
    const value = takesNext ? valueBehind(name, argv[++index]) : (attached ?? "true");
    prefixed.push(`--${name}=${PREFIX}${value}`);
  }
  return { prefixed: [...words.slice(0, 1), ...prefixed], words };
}

function nameOfFlag(flag: string): string {
  const name = flag.slice(2);
  const isKnown = isOptionName(name) || Object.hasOwn(printFlags, name);
  if (flag.startsWith("--") && isKnown) return name;
  throw new UsageError(`unknown option ${shown(flag)} ${SEE_HELP}`);
}

function takesValue(name: string): name is OptionName {
  return isOptionName(name) && options[name].kind !== "boolean";
}

/** The next argument, unless it is missing or a flag; a negative number is a value. */
function valueBehind(name: OptionName, next: string | undefined): string {
  if (next !== undefined && !/^-(?!\d)/.test(next)) return next;
  throw new UsageError(`--${name} needs a value: ${flagUsage(name)}`);
}

function checkWords([command = "serve", ...rest]: string[]): void {
  if (!Object.hasOwn(commands, command)) {
    throw new UsageError(
      `unknown command ${shown(command, "that may hold a password")} ${SEE_HELP}`,
    );
  }
  const surplus = rest[command === "backup" || command === "passwd" ? 1 : 0];
  if (surplus === undefined) return;
  throw new UsageError(
    `surplus argument ${shown(surplus, "that may hold a password")} ${SEE_HELP}`,
  );
}

/** The last value of each option; of a list all of them, with commas between them. */
function optionTexts(cli: CAC): Partial<Record<OptionName, string>> {
  const texts: Partial<Record<OptionName, string>> = {};
  for (const name of optionNames) {
    const given: unknown[] = [cli.options[camelCase(name)] ?? []].flat();
    const values = given.map((value) => String(value).slice(PREFIX.length));
    if (values.length === 0) continue;
    texts[name] = options[name].kind === "list" ? values.join(",") : values.at(-1)!;
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

function versionText(): string {
  const platform = `${process.platform}-${process.arch}`;
  return `okq ${metadata.version} (bun ${Bun.version}, ${platform})\n`;
}

function helpText(): string {
  const list = (entries: Record<string, string>, mark: string) =>
    Object.entries(entries)
      .map(([name, help]) => `  ${`${mark}${name}`.padEnd(10)}  ${help}`)
      .join("\n");
  return `okq ${metadata.version}: ${metadata.description}

Usage: okq [serve] [options]
       okq health [options]
       okq backup FILE [options]
       okq check [options]
       okq passwd [NAME]
       okq commands

Commands:
${list(commands, "")}

Options. Each can also be an environment variable or a line \`name: value\` of a config file.
A flag wins over the environment, and the environment wins over the file:
${optionsHelp()}

${list(printFlags, "--")}
`;
}
