// `okq completion`: the scripts work in bash, zsh and fish.
import { describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { newFolder } from "../support/new-folder.ts";
import { okq } from "../support/okq-command.ts";
import { startTerminal } from "../support/tmux.ts";

const installed = (shell: string) => Bun.which(shell) !== null;

/** The file of a completion script. */
async function scriptOf(shell: string): Promise<string> {
  const { code, stdout, stderr } = await okq(["completion", shell]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const file = join(newFolder(), "completion");
  writeFileSync(file, stdout);
  return file;
}

async function run(...command: string[]): Promise<string[]> {
  const child = Bun.spawn(command, { cwd: newFolder(), stdout: "pipe", stderr: "pipe" });
  const [output, error] = await Promise.all([child.stdout.text(), child.stderr.text()]);
  expect(error).toBe("");
  return output.split("\n").slice(0, -1);
}

describe("bash", () => {
  /** What it offers for the last of these words. */
  async function completed(...words: string[]): Promise<string[]> {
    const list = words.map((word) => `'${word}'`).join(" ");
    const set = `COMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _okq`;
    const print = 'printf "%s\\n" "${COMPREPLY[@]}"';
    return await run("bash", "-c", `source '${await scriptOf("bash")}'; ${set}; ${print}`);
  }

  test("offers commands, options and values", async () => {
    expect(await completed("okq", "pu")).toEqual(["push", "purge"]);
    const all = await completed("okq", "");
    for (const name of ["push", "work", "serve", "help"]) expect(all).toContain(name);
    expect(await completed("okq", "push", "q", "--fail")).toEqual(["--fail-duplicate"]);
    expect(await completed("okq", "pop", "q", "--color", "")).toEqual(["auto", "always", "never"]);
    expect(await completed("okq", "serve", "--fsync", "e")).toEqual(["everysec"]);
    expect(await completed("okq", "completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(await completed("okq", "help", "pus")).toEqual(["push"]);
    expect(await completed("okq", "push", "--id", "")).toEqual([""]);
  });

  test("offers files where an option takes one", async () => {
    expect(await completed("okq", "push", "q", "-f", "/etc/host")).toContain("/etc/hosts");
  });
});

describe.skipIf(!installed("zsh"))("zsh", () => {
  test("completes commands, options and values", async () => {
    const terminal = await startTerminal({ columns: 150, rows: 50 });
    await terminal.type("PS1= zsh -f");
    await terminal.press("Enter");
    const file = await scriptOf("zsh");
    await terminal.type(`autoload -Uz compinit; compinit -D; source ${file}; clear; echo loaded`);
    await terminal.press("Enter");
    await terminal.shows(/^loaded$/m);
    for (const [typed, shown] of [
      ["okq pus", /^okq push$/m],
      ["okq push q --fail", /^okq push q --fail-duplicate$/m],
      ["okq pop --color al", /^okq pop --color always$/m],
      ["okq serve --fsync ev", /^okq serve --fsync everysec$/m],
      ["okq completion fi", /^okq completion fish$/m],
    ] as const) {
      await terminal.type(typed);
      await terminal.press("Tab");
      await terminal.shows(shown);
      await terminal.press("C-u");
    }
    await terminal.type("okq pu");
    await terminal.press("Tab");
    await terminal.shows(/^purge +-- remove the events of a queue that are in a state$/m);
  });
});

describe.skipIf(!installed("fish"))("fish", () => {
  const completed = async (line: string) =>
    await run("fish", "-N", "-c", `source ${await scriptOf("fish")}; complete -C '${line}'`);

  test("offers commands, options and values", async () => {
    expect(await completed("okq pus")).toEqual(["push\tpush an event, or an event of each line"]);
    expect((await completed("okq push q --fail"))[0]).toStartWith("--fail-duplicate\t");
    expect((await completed("okq pop --color al")).join()).toStartWith("always");
    expect((await completed("okq serve --fsync ev")).join()).toStartWith("everysec");
    expect((await completed("okq completion fi")).join()).toStartWith("fish");
    expect(await completed("okq push -f /etc/host")).toContain("/etc/hosts");
  });
});

test("refuses other shells", async () => {
  expect(await okq(["completion", "csh"])).toEqual({
    code: 2,
    stdout: "",
    stderr: "okq: completion needs the name of a shell: okq completion bash|zsh|fish\n",
  });
});
