// `okq passwd`: what goes in on standard input or at a terminal, and what comes out.
import { expect, test } from "bun:test";
import { resolve } from "node:path";
import { parseUsers } from "../../src/users/users-file.ts";

const main = resolve(import.meta.dir, "../../src/main.ts");

async function passwd(input: string, ...args: string[]) {
  const child = Bun.spawn([process.execPath, main, "passwd", ...args], {
    stdin: Buffer.from(input),
    stdout: "pipe",
    stderr: "pipe",
  });
  const [code, stdout, stderr] = await Promise.all([
    child.exited,
    child.stdout.text(),
    child.stderr.text(),
  ]);
  return { code, stdout, stderr };
}

test("a password becomes a hash, without the end of its line", async () => {
  for (const input of ["hunter 2", "hunter 2\n", "hunter 2\r\n"]) {
    const { code, stdout, stderr } = await passwd(input);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
    expect(await Bun.password.verify("hunter 2", stdout.trim())).toBeTrue();
  }
});

test("with a name it is a line to complete, which is refused as long as it is not", async () => {
  const { stdout } = await passwd("hunter2", "ann");
  expect(() => parseUsers(stdout, "users")).toThrow('"GROUPS" is not a group: push, consume,');
  const [ann] = parseUsers(stdout.replace("GROUPS PATTERNS", "push mail*"), "users");
  expect(ann!.name).toBe("ann");
});

test("nothing at all, a name that is none and a surplus word are errors", async () => {
  expect(await passwd("\n")).toMatchObject({ code: 1, stderr: "okq: the password is empty\n" });
  const { code, stderr, stdout } = await passwd("x", "a b");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toBe('okq: "a b" is not a name: 1 to 64 of A-Z a-z 0-9 _ . @ -\n');
  expect(await passwd("x", "ann", "bob")).toMatchObject({ code: 2 });
});

async function atTerminal(...typed: string[]): Promise<{ shown: string; code: number }> {
  let shown = "";
  const keys = [...typed];
  let prompts = 0;
  const child = Bun.spawn([process.execPath, main, "passwd"], {
    terminal: {
      data(terminal, bytes) {
        shown += new TextDecoder().decode(bytes);
        const asked = shown.match(/Password: |Once more: /g)?.length ?? 0;
        if (asked > prompts) terminal.write(`${keys[prompts++]}`);
      },
    },
  });
  const code = await child.exited;
  child.terminal!.close();
  return { shown, code };
}

test("a terminal is asked twice and shows nothing of it", async () => {
  const { shown, code } = await atTerminal("hunterr\u007f2\r", "hunter2\r");
  expect(code).toBe(0);
  expect(shown).toStartWith("Password: \r\nOnce more: \r\n$argon2id$");
  expect(shown).not.toContain("hunter");
  expect(await Bun.password.verify("hunter2", shown.split("\r\n")[2]!)).toBeTrue();
});

test("at a terminal a slip and Ctrl-C end without a hash", async () => {
  const slip = await atTerminal("one\r", "two\r");
  expect(slip).toMatchObject({ code: 1 });
  expect(slip.shown).toContain("okq: the two are not the same");
  expect(await atTerminal("one\u0003")).toMatchObject({ code: 1 });
});
