// Generates the parts of the README between markers such as <!-- commands:begin --> and
// <!-- commands:end -->, and finds code in it. With --write it updates the README.
import { resolve } from "node:path";
import { commandReferenceMarkdown, errorReferenceMarkdown } from "../../src/commands/reference.ts";
import { configurationMarkdown } from "../../src/config/config-text.ts";

export const writeCommand = "bun test/support/readme.ts --write";
export const readmeFile = resolve(import.meta.dir, "../../README.md");

const sections: Record<string, () => string> = {
  commands: commandReferenceMarkdown,
  errors: errorReferenceMarkdown,
  configuration: configurationMarkdown,
};

/** The README with all generated sections replaced. Throws if a marker is missing. */
export function withGeneratedSections(readme: string): string {
  let result = readme;
  for (const [name, generate] of Object.entries(sections)) {
    const [begin, end] = [`<!-- ${name}:begin -->`, `<!-- ${name}:end -->`];
    const from = result.indexOf(begin);
    const to = result.indexOf(end, from);
    if (from < 0 || to < 0) throw new Error(`README.md lacks ${begin} ... ${end}`);
    // The formatter would pad the tables to the width of their widest cell.
    const [open, close] = ["<!-- prettier-ignore-start -->", "<!-- prettier-ignore-end -->"];
    const body = `${begin}\n${open}\n\n${generate().trim()}\n\n${close}\n`;
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
  const generated = withGeneratedSections(readme);
  if (process.argv.includes("--write")) await Bun.write(readmeFile, generated);
  else if (generated !== readme) throw new Error(`README.md is out of date: run ${writeCommand}`);
}
