// `okq passwd`: reads a password and makes the hash for a users file.
import type { ReadStream } from "node:tty";
import { hashPassword } from "../users/password-checks.ts";
import { isUserName } from "../users/users-file.ts";
import { withoutEcho } from "./terminal/prompt.ts";

/** Returns the hash, or for a name a line of a users file with GROUPS and PATTERNS to fill in. */
export async function passwd(name: string | null): Promise<string> {
  if (name !== null && !isUserName(name)) {
    throw new Error(
      `${JSON.stringify(name)} is not a valid name: use 1 to 64 of A-Z a-z 0-9 _ . @ -`,
    );
  }
  const password = process.stdin.isTTY ? await askTwice(process.stdin) : await readAll();
  if (password.length === 0) throw new Error("the password is empty");
  const hash = await hashPassword(password);
  return name === null ? `${hash}\n` : `${name} ${hash} GROUPS PATTERNS\n`;
}

async function readAll(): Promise<Buffer> {
  const bytes = Buffer.from(await Bun.stdin.arrayBuffer());
  const end = bytes.toString("latin1").replace(/\r?\n$/, "").length;
  return bytes.subarray(0, end);
}

function askTwice(stdin: ReadStream): Promise<Buffer> {
  return withoutEcho(stdin, async (ask) => {
    const [first, second] = [await ask("Password: "), await ask("Repeat it: ")];
    if (first !== second) throw new Error("the passwords differ");
    return Buffer.from(first);
  });
}
