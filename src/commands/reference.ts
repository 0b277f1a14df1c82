// The reference of commands, as text for a terminal and as Markdown for the README, and the list of
// error replies: made from the descriptors and from the tables of errors.
import type { Group } from "./command.ts";
import { errorTexts } from "./error-texts.ts";
import { settings } from "../queue/settings.ts";
import { protocolErrors } from "../resp/protocol-error.ts";
import { commands } from "./table.ts";

const headings: Record<Group, string> = {
  queue: "Queues",
  list: "Redis' lists",
  stream: "Redis' streams",
  key: "Redis' keys, messages and scripts",
  set: "Redis' sets",
  connection: "Connections",
  server: "The server",
};

const WIDTH = 80;

export function commandReferenceText(): string {
  return sections((heading, group) => {
    const entries = group.map(({ name, syntax, summary }) => {
      return `  ${`${name} ${syntax}`.trim()}\n${wrap(summary, "      ")}`;
    });
    return `${heading}\n\n${entries.join("\n")}\n`;
  });
}

export function commandReferenceMarkdown(): string {
  return sections((heading, group) => {
    const rows = group.map(({ name, syntax, summary, access }) => {
      const usage = `${name} ${syntax}`.trim();
      const right = access === "anybody" || access === "logged-in" ? "" : access;
      return `| \`${escape(usage)}\` | ${right} | ${escape(summary)} |`;
    });
    const head = "| command | group | what it does |\n| --- | --- | --- |";
    return `### ${heading}\n\n${head}\n${rows.join("\n")}\n`;
  });
}

/** Every error reply. Those in the protocol itself replace the entry that stands for them. */
export function errorReferenceMarkdown(): string {
  const rows = Object.entries(errorTexts).flatMap(([name, error]) =>
    name === "protocol" ? protocolRows() : [errorRow(error.text, error.when)],
  );
  return `| reply | when a client gets it |\n| --- | --- |\n${rows.join("\n")}\n`;
}

/** The settings of a queue, in the order in which QCONFIG shows them. */
export function settingsMarkdown(): string {
  const rows = settings.map(({ name, default: text, accepts, summary }) => {
    return `| \`${name}\` | ${text && `\`${text}\``} | ${escape(accepts)} | ${escape(summary)} |`;
  });
  return `| setting | default | takes | meaning |\n| --- | --- | --- | --- |\n${rows.join("\n")}\n`;
}

function protocolRows(): string[] {
  const { protocol } = errorTexts;
  return Object.values(protocolErrors).map(({ text, when }) =>
    errorRow(
      protocol.text.replace("{problem}", () => text),
      `${when} ${protocol.when}`,
    ),
  );
}

function errorRow(text: string, when: string): string {
  return `| \`${escape(text)}\` | ${escape(when)} |`;
}

function sections(show: (heading: string, group: typeof commands) => string): string {
  return Object.entries(headings)
    .map(([group, heading]) =>
      show(
        heading,
        commands.filter((command) => command.group === group && !command.isInternal),
      ),
    )
    .join("\n");
}

function escape(text: string): string {
  return text.replaceAll("|", "\\|");
}

function wrap(text: string, indent: string): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = `${lines.at(-1)} ${word}`.trim();
    if (indent.length + line.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line;
  }
  return lines.map((line) => indent + line).join("\n");
}
