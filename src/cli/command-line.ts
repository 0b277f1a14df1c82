// From the words of a command line and the environment to what okq is to do. It prints nothing,
// starts nothing and never ends the process.
import { cac, type CAC } from "cac";
import metadata from "../../package.json" with { type: "json" };
import { commandReferenceText } from "../commands/reference.ts";
import {
  camelCase,
  isOptionName,
  optionNames,
  options,
  type Config,
  type OptionName,
} from "../config/options.ts";
import { resolveConfig } from "../config/resolve.ts";
import { UsageError } from "../config/usage-error.ts";
import { expandHome } from "../config/home-path.ts";
import { shown } from "../config/option.ts";
import { exampleConfigFile, flagUsage, optionsHelp } from "../config/config-text.ts";

export type Action =
  | { kind: "serve"; config: Config }
  | { kind: "check" | "health"; config: Config }
  | { kind: "backup"; config: Config; file: string }
  | { kind: "passwd"; name: string | null }
  | { kind: "print"; text: string };

/** Flags that print something and start nothing, with what they do. */
const switches = {
  example: "print a config file with every option",
  help: "print this",
  version: "print the version",
};
const shortFlags: Record<string, string> = { "-h": "--help", "-v": "--version" };

const commands = {
  serve: "run the server (what okq does without a command)",
  commands: "print the reference of the commands that clients can send",
  backup: "copy the database into a new FILE, from the running server or a stopped one's",
  passwd: "read a password and print its hash, with NAME as a line for a users file",
  health: "exit with 0 if the running server can write to its store, else say why not",
  check: "verify the database of a stopped server and count what is in it",
};

/** argv without executable and script. Throws UsageError with one line that names the culprit. */
export function parseCommandLine(
  argv: readonly string[],
  env: Record<string, string | undefined>,
): Action {
  const { shielded, words } = shield(argv);
  const cli = describe();
  cli.parse(["", "", ...shielded], { run: false });
  const name = cli.matchedCommandName;
  const known = name !== undefined;
  const surplus = words[known ? (name === "backup" || name === "passwd" ? 2 : 1) : 0];
  if (surplus !== undefined) {
    const what = known ? "surplus argument" : "unknown command";
    throw new UsageError(`${what} ${shown(surplus)}(okq --help shows what there is)`);
  }
  const flags = flagValues(cli);
  if (cli.options["help"]) return { kind: "print", text: helpText() };
  if (cli.options["version"]) return { kind: "print", text: versionText() };
  if (cli.options["example"]) return { kind: "print", text: exampleConfigFile() };
  if (name === "commands") {
    return { kind: "print", text: `${commandReferenceText().trimEnd()}\n` };
  }
  if (name === "passwd") return { kind: "passwd", name: words[1] ?? null };
  const config = resolveConfig(flags, env);
  if (name === "check" || name === "health") return { kind: name, config };
  if (name !== "backup") return { kind: "serve", config };
  const file = words[1];
  if (!file) throw new UsageError("backup needs the name of a new file: okq backup FILE");
  return { kind: "backup", config, file: backupFile(file) };
}

function backupFile(file: string): string {
  try {
    return expandHome(file);
  } catch (error) {
    throw new UsageError(`backup: ${shown(file)}${(error as Error).message}`);
  }
}

function describe(): CAC {
  const cli = cac("okq");
  for (const name of optionNames) cli.option(`--${name} <value>`, "");
  for (const [name, help] of Object.entries(switches)) cli.option(`--${name} [value]`, help);
  for (const [name, help] of Object.entries(commands)) cli.command(name, help);
  return cli;
}

/**
 * cac turns values into numbers ("007" into 7, "" into 0) and names flags in camel case in its
 * errors. So values get a prefix that no number has, switches the value that they imply, and
 * unknown flags are found here, as they were typed.
 */
const prefix = "=";

function shield(argv: readonly string[]): { shielded: string[]; words: string[] } {
  const shielded: string[] = [];
  const words: string[] = [];
  let valueFor = "";
  let flagsEnded = false;
  for (const typed of argv) {
    const word = flagsEnded || !typed.startsWith("-") || (valueFor && /^-\d/.test(typed));
    const [flag, value] = splitFlag(shortFlags[typed] ?? typed);
    if (word && valueFor) shielded[shielded.length - 1] = `${valueFor}=${prefix}${typed}`;
    else if (word) words.push(typed);
    else if (typed === "--") flagsEnded = true;
    else if (!isFlag(flag)) throw unknownFlag(flag, valueFor);
    else shielded.push(value === undefined ? impliedValue(flag) : `${flag}=${prefix}${value}`);
    valueFor = !word && value === undefined && takesValue(flag) ? flag : "";
  }
  return { shielded: [...words.slice(0, 1), ...shielded], words };
}

function splitFlag(text: string): [flag: string, value: string | undefined] {
  const at = text.indexOf("=");
  return at < 0 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function isFlag(flag: string): boolean {
  const name = flag.slice(2);
  return flag.startsWith("--") && (isOptionName(name) || Object.hasOwn(switches, name));
}

/** What stands behind `--redis-password` and looks like a flag may well be the password. */
function unknownFlag(flag: string, before: string): UsageError {
  const name = before.slice(2);
  const isSecret = isOptionName(name) && options[name].isSecret;
  if (isSecret) return needsValue(name);
  return new UsageError(`unknown option ${shown(flag)}(okq --help shows what there is)`);
}

function takesValue(flag: string): boolean {
  const name = flag.slice(2);
  return isOptionName(name) && options[name].kind !== "boolean";
}

function impliedValue(flag: string): string {
  return takesValue(flag) ? flag : `${flag}=${prefix}true`;
}

/** The last value of every flag that was given; of a list all of them, with commas. */
function flagValues(cli: CAC): Partial<Record<OptionName, string>> {
  const values: Partial<Record<OptionName, string>> = {};
  for (const name of optionNames) {
    const given: unknown[] = [cli.options[camelCase(name)] ?? []].flat();
    if (given.includes(true)) throw needsValue(name);
    const texts = given.map((text) => String(text).slice(prefix.length));
    const isList = options[name].kind === "list";
    if (texts.length > 0) values[name] = isList ? texts.join(",") : texts.at(-1)!;
  }
  return values;
}

function needsValue(name: OptionName): UsageError {
  return new UsageError(`--${name} needs a value: ${flagUsage(name)}`);
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
       okq commands
       okq backup FILE [options]
       okq check [options]
       okq passwd [NAME]
       okq health [options]

Commands:
${list(commands, "")}

Options, each also as an environment variable, or as \`name: value\` in the config file;
flags win over the environment, the environment wins over the file:
${optionsHelp()}

${list(switches, "--")}
`;
}
