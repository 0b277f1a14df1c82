// Generates the parts of the README between markers such as <!-- commands:begin --> and
// <!-- commands:end -->, and finds code in it. With --write it updates the README.
import { resolve } from "node:path";
import { clientCommandsMarkdown, exitCodesMarkdown } from "../../src/cli/reference.ts";
import { errorTexts } from "../../src/commands/error-texts.ts";
import {
  commandReferenceMarkdown,
  errorReferenceMarkdown,
  settingsMarkdown,
} from "../../src/commands/reference.ts";
import { configurationMarkdown } from "../../src/config/config-text.ts";
import { metricsMarkdown } from "../../src/http/metrics/reference.ts";
import { protocolErrors } from "../../src/resp/protocol-error.ts";
import { apiReferenceMarkdown } from "./api-reference.ts";

export const writeCommand = "bun test/support/readme.ts --write";
export const readmeFile = resolve(import.meta.dir, "../../README.md");

const sections: Record<string, () => string | Promise<string>> = {
  commands: commandReferenceMarkdown,
  settings: settingsMarkdown,
  errors: errorReferenceMarkdown,
  metrics: metricsMarkdown,
  configuration: configurationMarkdown,
  api: apiReferenceMarkdown,
  client: clientCommandsMarkdown,
  "exit-codes": exitCodesMarkdown,
};

/** The README with all generated sections replaced. Rejects if a marker is missing. */
export async function withGeneratedSections(readme: string): Promise<string> {
  let result = readme;
  for (const [name, generate] of Object.entries(sections)) {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const from = result.indexOf(begin);
    const to = result.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`README.md lacks ${begin} ... ${end}`);
    // The formatter would pad the tables to the width of their widest cell.
    const [open, close] = ["<!-- prettier-ignore-start -->", "<!-- prettier-ignore-end -->"];
    const text = await generate();
    const body = `${begin}\n${open}\n\n${text.trim()}\n\n${close}\n`;
    result = result.slice(0, from) + body + result.slice(to);
  }
  return result;
}

/** The messages of the log that the README explains: "Redis connection lost". */
export function loggedMessages(readme: string): string[] {
  const section = readme.slice(readme.indexOf("\n## Log lines\n"));
  const rows = section.slice(0, section.indexOf("\n## ", 1)).matchAll(/^\| (`.*?) \| /gm);
  const cells = [...rows].map(([, cell]) => cell!).join(" ");
  return [...cells.matchAll(/`(?:warn|error) ([^`]+)`/g)].map(([, message]) => message!);
}

/** The fields in the table of INFO, as "section field". */
export function infoFields(readme: string): string[] {
  const section = readme.slice(readme.indexOf("\n## INFO\n"));
  const rows = section
    .slice(0, section.indexOf("\n## ", 1))
    .matchAll(/^\| (\w+).*? \| (`.*?) \| /gm);
  return [...rows].flatMap(([, name, cell]) =>
    [...cell!.matchAll(/`(\w+)`/g)].map(([, field]) => `${name} ${field}`),
  );
}

/** Error replies in quotes or backticks, without the "-" of the wire: "ERR too many queues". */
export function quotedErrors(readme: string): string[] {
  const codes = [...new Set(allErrorTexts().map((text) => text.split(" ")[0]))].join("|");
  const quoted = readme.matchAll(new RegExp(`[\`"]-?((?:${codes})\\b[^\`"]*)[\`"]`, "g"));
  return [...quoted].map(([, text]) => text!);
}

/**
 * Whether a text is an error reply or the beginning of one; a beginning with a value also has two
 * words of the reply itself. A value is a capital letter, "...", its placeholder, or a string of
 * the source.
 */
export async function errorReplies(): Promise<(text: string) => boolean> {
  const folder = resolve(import.meta.dir, "../../src");
  const files = [...new Bun.Glob("{commands,queue}/*.ts").scanSync({ cwd: folder })];
  const texts = await Promise.all(files.map((file) => Bun.file(resolve(folder, file)).text()));
  const source = texts.join();
  const isValue = (text: string) =>
    /^([A-Z]|\.\.\.|\{\w+\})$/.test(text) || source.includes(`"${text}"`);
  const patterns = allErrorTexts().flatMap(beginningsOf);
  return (text) => patterns.some((pattern) => pattern.exec(text)?.slice(1).every(isValue) ?? false);
}

function beginningsOf(text: string): RegExp[] {
  const words = text.split(" ");
  return words.flatMap((_, at) => {
    const beginning = words.slice(0, at + 1);
    const own = beginning.filter((word) => !word.includes("{")).length;
    if (own < beginning.length && words[0] === "ERR" && own < 3) return [];
    const pattern = RegExp.escape(beginning.join(" ").replace(/[,:]$/, ""));
    return new RegExp(`^${pattern.replaceAll(/\\\{.*?\\\}/g, "(.+)")} ?$`);
  });
}

function allErrorTexts(): string[] {
  const texts = Object.entries(errorTexts).filter(([name]) => name !== "protocol");
  const inProtocol = Object.values(protocolErrors).map(({ text }) => `ERR ${text}`);
  return [...texts.map(([, { text }]) => text), ...inProtocol];
}

/** The one code block of that language that contains the text, without its fences. */
export async function readmeBlock(language: string, text: string): Promise<string> {
  const readme = await Bun.file(readmeFile).text();
  const blocks = readme.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, "gms"));
  const found = [...blocks].map(([, code]) => code!).filter((code) => code.includes(text));
  if (found.length !== 1) throw new Error(`README.md has ${found.length} blocks with ${text}`);
  return found[0]!;
}

/** The shell commands in the first block after that heading. */
export function shellCommands(readme: string, heading: string): string {
  const section = readme.slice(readme.indexOf(`# ${heading}\n`));
  const block = /^ *```sh\n([^]*?)^ *```$/m.exec(section);
  if (!block) throw new Error(`README.md has no commands under "${heading}"`);
  return block[1]!;
}

if (import.meta.main) {
  const readme = await Bun.file(readmeFile).text();
  const generated = await withGeneratedSections(readme);
  if (process.argv.includes("--write")) await Bun.write(readmeFile, generated);
  else if (generated !== readme) throw new Error(`README.md is out of date: run ${writeCommand}`);
}
