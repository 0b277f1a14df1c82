// Renders the table of options: as help text, as an example config file, and for the README.
import { environmentName, optionNames, options, type OptionName } from "./options.ts";
import type { Option } from "./option.ts";

/** `--listen-addr HOST:PORT`; a boolean stands alone. */
export function flagUsage(name: OptionName): string {
  return `--${name} ${options[name].placeholder}`.trim();
}

/** Two lines per option: the flag with its help, then its default and environment name. */
export function optionsHelp(): string {
  const width = Math.max(...optionNames.map((name) => flagUsage(name).length));
  const indent = " ".repeat(width + 4);
  return optionNames
    .map((name) => {
      const lines = wrap(options[name].help, 92 - indent.length);
      lines.push(`[${defaultText(options[name])}${environmentName(name)}]`);
      return `  ${flagUsage(name).padEnd(width)}  ${lines.join(`\n${indent}`)}`;
    })
    .join("\n");
}

/** A config file that sets every option to its default. */
export function exampleConfigFile(): string {
  const header =
    "# okq configuration: one `name: value` per line. Use it with okq --config FILE.\n" +
    "# Flags and the environment win over this file. Every line below shows a default.\n" +
    "# A line without a value stands for none, or for what its comment says.\n";
  const entries = optionNames
    .filter((name) => name !== "config")
    .map((name) => {
      const comment = wrap(options[name].help, 92).map((line) => `# ${line}\n`);
      const { kind, placeholder } = options[name];
      const values = kind === "choice" ? `# One of ${placeholder}\n` : "";
      return `\n${comment.join("")}${values}${`${name}: ${options[name].defaultText}`.trim()}\n`;
    });
  return header + entries.join("");
}

/** A Markdown table for the README. */
export function configurationMarkdown(): string {
  const rows = optionNames.map((name) => {
    const { defaultText: text, range, help } = options[name];
    const shownDefault = text === "" ? "" : `\`${text}\``;
    const meaning = range === undefined ? help : `${help} (${range})`;
    const cells = [`\`${flagUsage(name)}\``, `\`${environmentName(name)}\``, shownDefault, meaning];
    return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  });
  return ["| flag | environment | default | meaning |", "|---|---|---|---|", ...rows].join("\n");
}

function defaultText(option: Option<unknown>): string {
  const fallback = option.defaultText === "" ? "" : `default ${option.defaultText}, `;
  return option.range === undefined ? fallback : `${fallback}${option.range}, `;
}

/** Lines of at most so many characters, unless a word is longer. */
export function wrap(text: string, width: number): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}
