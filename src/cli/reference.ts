// The commands of the client as tables for the README.
import type { ClientCommand } from "./client-command.ts";
import { allClientCommands } from "./client-commands.ts";
import type { ClientOptions } from "./client-option.ts";
import { commonOptions } from "./common-options.ts";
import { exitCodeMeanings, exitCodes } from "./exit-codes.ts";
import { groupTitles, usageOf } from "./help.ts";
import { optionUsage } from "./option-values.ts";

export async function clientCommandsMarkdown(): Promise<string> {
  const commands = await allClientCommands();
  const tables = Object.entries(groupTitles).map(([group, title]) =>
    tableOf(
      title,
      commands.filter((command) => command.group === group),
    ),
  );
  const common = `All of them take ${optionsOf(commonOptions).join(" ")} and \`--help\`.\n`;
  return [...tables.filter((table) => table !== ""), common].join("\n");
}

export function exitCodesMarkdown(): string {
  const names = Object.keys(exitCodes) as (keyof typeof exitCodes)[];
  const rows = names.map((name) => `| ${exitCodes[name]} | ${exitCodeMeanings[name]} |`);
  return `| code | meaning |\n| --- | --- |\n${rows.join("\n")}\n| 128 + n | ended by signal n |\n`;
}

function tableOf(title: string, commands: readonly ClientCommand[]): string {
  if (commands.length === 0) return "";
  const rows = commands.map((command) => {
    const options = optionsOf(command.options).join(" ");
    return `| \`${escaped(usageOf(command))}\` | ${escaped(command.summary)} | ${options} |`;
  });
  const head = "| command | what it does | options |\n| --- | --- | --- |";
  return `#### ${title}\n\n${head}\n${rows.join("\n")}\n`;
}

function optionsOf(options: ClientOptions): string[] {
  return Object.entries(options).map(([name, option]) => {
    const short = option.short === undefined ? "" : `-${option.short}, `;
    return `\`${escaped(short + optionUsage(name, option))}\``;
  });
}

function escaped(text: string): string {
  return text.replaceAll("|", "\\|");
}
