// Runs the README's examples of the command line, and compares what they print.
import { expect, test } from "bun:test";
import { shell } from "./support/okq-command.ts";
import { startTestOkq } from "./support/okq-server.ts";
import { readmeFile } from "./support/readme.ts";

const PROMPT = "$ okq ";
/** What is made anew each time, and may be named by later commands: ids and tokens. */
const MADE = /\b\d{13}-\d+\b|\b[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}\b/g;
/** Times and durations. */
const PASSING =
  /\b\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\b|\b\d{10}\.\d+\b|\b\d+(\.\d+)?(ms|[smhd])(\d+[smh])?\b/g;

interface Step {
  command: string;
  prints: string;
}

/** The examples of the section, each for a server of its own. */
async function examples(): Promise<Step[][]> {
  const readme = await Bun.file(readmeFile).text();
  const section = readme.split(/^## /m).find((text) => text.startsWith("Command line\n"))!;
  const blocks = [...section.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks.filter((block) => block.includes(PROMPT)).map(stepsOf);
}

function stepsOf(block: string): Step[] {
  const [, ...parts] = `\n${block}`.split("\n$ ");
  return parts.map((part) => {
    const [command = "", ...lines] = part.split("\n");
    return { command, prints: lines.join("\n") };
  });
}

/** Columns are as wide as what they show. */
function comparable(text: string): string {
  return text.replaceAll(MADE, "*").replaceAll(PASSING, "*").replaceAll(/ {2,}/g, "  ").trim();
}

test("the examples of the command line print what the README says", async () => {
  const all = await examples();
  expect(all.length).toBeGreaterThan(0);
  for (const steps of all) {
    const { port } = await startTestOkq();
    const made = new Map<string, string>();
    for (const { command, prints } of steps) {
      const own = command.replaceAll(MADE, (text) => made.get(text) ?? text);
      const { stdout, stderr } = await shell(own, { port });
      const printed = stdout + stderr;
      expect({ command, prints: comparable(printed) }).toEqual({
        command,
        prints: comparable(prints),
      });
      const now = printed.match(MADE) ?? [];
      for (const [at, text] of (prints.match(MADE) ?? []).entries()) made.set(text, now[at]!);
    }
  }
}, 60_000);
