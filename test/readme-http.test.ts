// Runs the README's examples of the HTTP API with curl, and compares what they print.
import { expect, test } from "bun:test";
import { installed } from "./drivers/programs.ts";
import { newFolder } from "./support/new-folder.ts";
import { startOkqOn, storeNames } from "./support/okq-server.ts";
import { readmeFile } from "./support/readme.ts";

const TEST_MS_MAX = 60_000;
const PROMPT = "$ ";
const ADDRESS = "localhost:4778";
/** What okq makes anew each time: ids and tokens. */
const MADE = /\b\d{13}-\d+\b/g;

interface Step {
  command: string;
  prints: string;
}

async function steps(): Promise<Step[]> {
  const readme = await Bun.file(readmeFile).text();
  const blocks = [...readme.matchAll(/^```console\n(.*?)^```$/gms)].map(([, block]) => block!);
  return blocks
    .filter((block) => block.includes(ADDRESS))
    .flatMap((block) => `\n${block}`.split(`\n${PROMPT}`).slice(1))
    .map((part) => {
      const [command, ...lines] = part.split("\n");
      return { command: command!, prints: lines.join("\n").trim() };
    });
}

test.each(storeNames)(
  "the examples of the HTTP API print what the README says, on %s",
  async (store) => {
    installed("curl");
    const { httpPort } = await startOkqOn(store, { httpAddr: "127.0.0.1:0" });
    const made = new Map<string, string>();
    const cwd = newFolder();
    const all = await steps();
    expect(all.length).toBeGreaterThan(5);
    for (const { command, prints } of all) {
      const own = command
        .replaceAll(MADE, (text) => made.get(text) ?? text)
        .replaceAll(ADDRESS, `localhost:${httpPort}`);
      const child = Bun.spawn(["sh", "-c", own], { cwd, stdout: "pipe", stderr: "pipe" });
      const printed = (await new Response(child.stdout).text()).replaceAll("\r", "").trim();
      expect({ command, prints: printed.replaceAll(MADE, "*") }).toEqual({
        command,
        prints: prints.replaceAll(MADE, "*"),
      });
      const now = printed.match(MADE) ?? [];
      for (const [at, text] of (prints.match(MADE) ?? []).entries()) made.set(text, now[at]!);
    }
  },
  TEST_MS_MAX,
);
