// `okq passwd`: a password from standard input or from a terminal becomes a hash.
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

test("hashes a password without its line end", async () => {
  for (const input of ["hunter 2", "hunter 2\n", "hunter 2\r\n"]) {
    const { code, stdout, stderr } = await passwd(input);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toStartWith("$argon2id$v=19$m=19456,t=2,p=1$");
    expect(await Bun.password.verify("hunter 2", stdout.trim())).toBeTrue();
  }
});

test("with a name prints a line for a users file, refused until it is completed", async () => {
  const { stdout } = await passwd("hunter2", "ann");
  expect(() => parseUsers(stdout, "users")).toThrow('"GROUPS" is not a group: use push, consume,');
  const [ann] = parseUsers(stdout.replace("GROUPS PATTERNS", "push mail*"), "users");
  expect(ann!.name).toBe("ann");
});

test("refuses an empty password, an invalid name and a surplus argument", async () => {
  expect(await passwd("\n")).toMatchObject({ code: 1, stderr: "okq: the password is empty\n" });
  const { code, stderr, stdout } = await passwd("x", "a b");
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toBe('okq: "a b" is not a valid name: use 1 to 64 of A-Z a-z 0-9 _ . @ -\n');
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
        const asked = shown.match(/Password: |Repeat it: /g)?.length ?? 0;
        if (asked > prompts) terminal.write(`${keys[prompts++]}`);
      },
    },
  });
  const code = await child.exited;
  child.terminal!.close();
  return { shown, code };
}

test("asks twice at a terminal and does not show the password", async () => {
  const { shown, code } = await atTerminal("hunterr\u007f2\r", "hunter2\r");
  expect(code).toBe(0);
  expect(shown).toStartWith("Password: \r\nRepeat it: \r\n$argon2id$");
  expect(shown).not.toContain("hunter");
  expect(await Bun.password.verify("hunter2", shown.split("\r\n")[2]!)).toBeTrue();
});

test("prints no hash if the passwords differ or on Ctrl-C", async () => {
  const typo = await atTerminal("one\r", "two\r");
  expect(typo).toMatchObject({ code: 1 });
  expect(typo.shown).toContain("okq: the passwords differ");
  expect(await atTerminal("one\u0003")).toMatchObject({ code: 1 });
});
