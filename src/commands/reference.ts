// The command reference as text for a terminal and as Markdown for the README, both out of the
// descriptors.
import type { Group } from "./command.ts";
import { commands } from "./table.ts";

const headings: Record<Group, string> = {
  queue: "Queues",
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
    const rows = group.map(({ name, syntax, summary }) => {
      const usage = `${name} ${syntax}`.trim();
      return `| \`${escape(usage)}\` | ${escape(summary)} |`;
    });
    return `### ${heading}\n\n| command | what it does |\n| --- | --- |\n${rows.join("\n")}\n`;
  });
}

function sections(show: (heading: string, group: typeof commands) => string): string {
  return Object.entries(headings)
    .map(([group, heading]) =>
      show(
        heading,
        commands.filter((command) => command.group === group),
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
