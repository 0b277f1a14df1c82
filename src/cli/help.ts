// The help of the command line client: the list of commands, and the page of one command.
import { wrap } from "../config/config-text.ts";
import type { ClientCommand, CommandGroup } from "./client-command.ts";
import type { ClientOptions } from "./client-option.ts";
import { commonOptions } from "./common-options.ts";
import { exitCodeMeanings, exitCodes } from "./exit-codes.ts";
import { optionUsage } from "./option-values.ts";

const WIDTH = 92;
const COLUMN_MAX = 30;

export const groupTitles: Record<CommandGroup, string> = {
  events: "Events in and out",
  claims: "Claims",
  queues: "Queues",
  looks: "Looking",
  workers: "Workers",
  simplequeue: "simplequeue's words",
};

/** `okq push QUEUE [CONTENTS] [options]` */
export function usageOf({ name, words }: ClientCommand): string {
  return ["okq", name, words].filter((part) => part !== "").join(" ");
}

/** Options stand before the command that is not ours. */
function usageWithOptions(command: ClientCommand): string {
  const [own, other] = usageOf(command).split(" -- ");
  return other === undefined ? `${own} [options]` : `${own} [options] -- ${other}`;
}

/** The client commands by group, a line for each. */
export function commandList(commands: readonly ClientCommand[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  const groups = (Object.keys(groupTitles) as CommandGroup[]).map((group) => {
    const lines = commands
      .filter((command) => command.group === group)
      .map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
    return lines.length === 0 ? "" : `${groupTitles[group]}:\n${lines.join("\n")}\n`;
  });
  return groups.filter((text) => text !== "").join("\n");
}

/** The page of `okq help COMMAND`. */
export function helpOf(command: ClientCommand): string {
  const { summary, details = [], options, examples } = command;
  const parts = [
    `okq ${command.name}: ${summary}\n\nUsage: ${usageWithOptions(command)}`,
    ...details.map((paragraph) => wrap(paragraph, WIDTH).join("\n")),
    Object.keys(options).length > 0 ? `Options:\n${optionList(options)}` : "",
    `Options of all commands:\n${optionList(commonOptionsOf(command))}`,
    examples.length > 0 ? `Examples:\n${exampleList(examples)}` : "",
    `Exit codes:\n${exitCodeList()}`,
  ];
  return `${parts.filter((part) => part !== "").join("\n\n")}\n`;
}

/** Those that do not mean something else to this command. */
function commonOptionsOf({ options }: ClientCommand): ClientOptions {
  const entries = Object.entries(commonOptions).filter(([name]) => !Object.hasOwn(options, name));
  return Object.fromEntries(entries);
}

export function optionList(options: ClientOptions): string {
  const rows = Object.entries(options).map(([name, option]) => {
    const short = option.short === undefined ? "    " : `-${option.short}, `;
    return [short + optionUsage(name, option), option.help] as const;
  });
  return aligned(rows);
}

function exampleList(examples: ClientCommand["examples"]): string {
  return examples.map(([line, meaning]) => `  ${line}\n      ${meaning}`).join("\n");
}

function exitCodeList(): string {
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  const rows = names.map(
    (name) => [`${exitCodes[name]}`, exitCodeMeanings[name].replaceAll("`", "")] as const,
  );
  return aligned([...rows, ["128+n", "ended by signal n"]]);
}

/** Two columns; a long first one has a line of its own. */
function aligned(rows: readonly (readonly [left: string, right: string])[]): string {
  const width = Math.min(COLUMN_MAX, Math.max(...rows.map(([left]) => left.length)));
  const indent = " ".repeat(width + 4);
  return rows
    .map(([left, right]) => {
      const text = wrap(right, WIDTH - width).join(`\n${indent}`);
      const isLong = left.length > width;
      return isLong ? `  ${left}\n${indent}${text}` : `  ${left.padEnd(width)}  ${text}`;
    })
    .join("\n");
}
