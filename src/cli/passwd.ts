// `okq passwd`: reads a password and makes the hash for a users file.
import { hashPassword } from "../users/password-checks.ts";
import { isUserName } from "../users/users-file.ts";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const BACKSPACES = new Set(["\b", "\u007f"]);

/** Returns the hash, or for a name a line of a users file with GROUPS and PATTERNS to fill in. */
export async function passwd(name: string | null): Promise<string> {
  if (name !== null && !isUserName(name)) {
    throw new Error(
      `${JSON.stringify(name)} is not a valid name: use 1 to 64 of A-Z a-z 0-9 _ . @ -`,
    );
  }
  const password = process.stdin.isTTY ? await askTwice() : await readAll();
  if (password.length === 0) throw new Error("the password is empty");
  const hash = await hashPassword(password);
  return name === null ? `${hash}\n` : `${name} ${hash} GROUPS PATTERNS\n`;
}

async function readAll(): Promise<Buffer> {
  const bytes = Buffer.from(await Bun.stdin.arrayBuffer());
  const end = bytes.toString("latin1").replace(/\r?\n$/, "").length;
  return bytes.subarray(0, end);
}

async function askTwice(): Promise<Buffer> {
  const { stdin } = process;
  stdin.setRawMode(true);
  stdin.setEncoding("utf8");
  try {
    const keys = keysOf(stdin);
    const [first, second] = [await ask("Password: ", keys), await ask("Repeat it: ", keys)];
    if (first !== second) throw new Error("the passwords differ");
    return Buffer.from(first);
  } finally {
    stdin.setRawMode(false);
    stdin.destroy();
  }
}

async function* keysOf(stdin: AsyncIterable<string>): AsyncGenerator<string, undefined> {
  for await (const text of stdin) yield* text;
}

/** Reads a line without showing it. */
async function ask(prompt: string, keys: AsyncGenerator<string, undefined>): Promise<string> {
  process.stderr.write(prompt);
  let typed = "";
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- keys come one after the other
    const { value: key, done } = await keys.next();
    if (done || key === CTRL_C || key === CTRL_D) {
      process.stderr.write("\n");
      throw new Error("cancelled");
    }
    if (key === "\r" || key === "\n") break;
    typed = BACKSPACES.has(key) ? [...typed].slice(0, -1).join("") : typed + key;
  }
  process.stderr.write("\n");
  return typed;
}
