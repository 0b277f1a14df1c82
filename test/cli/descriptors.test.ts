// The descriptors of all commands of the client: their help, and that their examples can be typed.
import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { allClientCommands } from "../../src/cli/client-commands.ts";
import { commonOptions } from "../../src/cli/common-options.ts";
import { helpOf } from "../../src/cli/help.ts";
import { newFolder } from "../support/new-folder.ts";
import { okqProgram } from "../support/okq-command.ts";

const commands = await allClientCommands();

test.each(commands.map((command) => [command.name, command] as const))(
  "%s: its help fits into 100 columns, and names and letters of options are unique",
  (_, command) => {
    const lines = helpOf(command).split("\n");
    expect(lines.filter((line) => line.length > 100)).toEqual([]);
    expect(command.examples.length).toBeGreaterThan(0);
    expect(command.summary).toMatch(/^[a-z].*[^.]$/);
    const letters = Object.values(command.options).flatMap(({ short }) => short ?? []);
    expect(letters).toEqual([...new Set(letters)]);
    // A command may have its own meaning of --timeout and --json.
    const common = Object.keys(command.options).filter((name) => name in commonOptions);
    expect(common.filter((name) => name !== "timeout" && name !== "json")).toEqual([]);
  },
);

test("the options of every example are accepted", async () => {
  const cwd = newFolder();
  const program = okqProgram.map((word) => `'${word}'`).join(" ");
  // With --help an okq reads its arguments and does nothing.
  const okq = `okq() { ${program} "$1" --help "\${@:2}" > /dev/null; echo "$?: $*" >> codes; }`;
  const lines = commands.flatMap(({ examples }) => examples.map(([line]) => line));
  const script = [okq, ...lines].join("\n");
  const child = Bun.spawn(["bash", "-c", script], { cwd, stdin: "ignore", stderr: "ignore" });
  await child.exited;
  const codes = readFileSync(join(cwd, "codes"), "utf8").trimEnd().split("\n");
  expect(codes.filter((line) => /^[1-9]\d*: /.test(line))).toEqual([]);
  expect(codes.length).toBeGreaterThanOrEqual(lines.length);
});
