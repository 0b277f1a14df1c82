// Runs the README's examples for redis-cli, and compares what they print.
import { expect, test } from "bun:test";
import { installed } from "./drivers/programs.ts";
import { startOkqOn, storeNames } from "./support/okq-server.ts";
import { ask, type Readable } from "./support/readable.ts";
import { readmeFile } from "./support/readme.ts";
import type { Wire } from "./support/wire.ts";

const TEST_MS_MAX = 60_000;
const PROMPT = "127.0.0.1:4777> ";
/** What okq makes anew each time: ids, tokens and the seconds in the ids of cron events. */
const MADE = /\b\d{13}-\d+|(?<=@)\d{10}\b/g;

interface Step {
  command: string;
  prints: string;
}

/** The commands of each example of a section, with what the README says that they print. */
async function examples(heading: string): Promise<Step[][]> {
  const readme = await Bun.file(readmeFile).text();
  const section = readme.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  const blocks = [...section!.matchAll(/^```\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks.filter((block) => block.includes(PROMPT)).map(stepsOf);
}

function stepsOf(block: string): Step[] {
  const [, ...parts] = block.split(PROMPT);
  return parts.map((part) => {
    const end = part.indexOf("\n");
    return { command: part.slice(0, end), prints: part.slice(end + 1).trim() };
  });
}

async function print(port: number, command: string): Promise<string> {
  const child = Bun.spawn([installed("redis-cli"), "--no-raw", "-p", `${port}`], {
    stdin: Buffer.from(`${command}\n`),
    stdout: "pipe",
    stderr: "pipe",
  });
  return (await new Response(child.stdout).text()).trim();
}

/** Runs an example. Later commands name the ids and tokens that okq has made in this run. */
async function runExample(port: number, steps: Step[], made: Map<string, string>): Promise<void> {
  for (const { command, prints } of steps) {
    const printed = await print(
      port,
      command.replaceAll(MADE, (text) => made.get(text) ?? text),
    );
    expect({ command, prints: printed.replaceAll(MADE, "*") }).toEqual({
      command,
      prints: prints.replaceAll(MADE, "*"),
    });
    const now = printed.match(MADE) ?? [];
    for (const [at, text] of (prints.match(MADE) ?? []).entries()) made.set(text, now[at]!);
  }
}

/** What the README says in words between the examples of a section. */
const between: Record<string, (client: Wire) => Promise<void>> = {
  async "Fan-out and join"(client) {
    const events = (await ask(client, "QPOP", "COUNT", "3", "FROM", "pages")) as Readable[][];
    expect(events.map(([, id]) => id)).toEqual(["1", "2", "3"]);
    for (const id of ["1", "2"]) expect(await ask(client, "QACK", "pages", id)).toBe(1);
  },
};

const headings = [
  "A first session",
  "Priorities",
  "Tenants",
  "Unique keys",
  "Fan-out and join",
  "One push, several queues",
  "Cron",
  "Coming from Redis",
];

test.each(storeNames.flatMap((store) => headings.map((heading) => [heading, store] as const)))(
  "the example of %s prints what the README says, on %s",
  async (heading, store) => {
    const { port, connect } = await startOkqOn(store);
    const all = await examples(heading);
    expect(all.length).toBeGreaterThan(0);
    const made = new Map<string, string>();
    for (const [at, steps] of all.entries()) {
      if (at > 0) await between[heading]?.(await connect());
      await runExample(port, steps, made);
    }
  },
  TEST_MS_MAX,
);

test("every example for redis-cli is run", async () => {
  const sections = (await Bun.file(readmeFile).text()).split(/^## /m);
  const withExamples = sections.filter((text) => text.includes(`\n${PROMPT}`));
  expect(withExamples.map((text) => text.split("\n")[0]!).toSorted()).toEqual(headings.toSorted());
});
