// redis-py as a client of the driver suite: a Python process that gets its commands line by line.
import { join } from "node:path";
import type { Argument, DriverClient } from "./contract.ts";
import { installed } from "./programs.ts";

/** An exception of redis-py, with the name of its class. */
export class PythonError extends Error {
  constructor(
    message: string,
    readonly type: string,
  ) {
    super(message);
  }
}

type Shown = null | number | string | { bytes: string } | { error: string; type: string } | Shown[];

export class PythonClient implements DriverClient {
  readonly #child;
  readonly #stderr: Promise<string>;
  readonly #lines: AsyncIterator<string>;

  constructor(port: number) {
    // Debian's interpreter: others on the PATH do not see Debian's packages.
    const python = installed("/usr/bin/python3");
    this.#child = Bun.spawn([python, join(import.meta.dir, "redis-py.py"), String(port)], {
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    this.#stderr = this.#child.stderr.text();
    this.#lines = linesOf(this.#child.stdout)[Symbol.asyncIterator]();
  }

  call = async (...command: Argument[]): Promise<unknown> =>
    textOf(await this.callBytes(...command));

  callBytes = async (...command: Argument[]): Promise<unknown> => {
    const [reply] = await this.#ask("call", [command]);
    if (reply instanceof PythonError) throw reply;
    return reply;
  };

  pipeline = async (commands: string[][]): Promise<unknown[]> =>
    (await this.#ask("pipeline", commands)).map(textOf);

  async close(): Promise<void> {
    await this.#child.stdin.end();
    await this.#child.exited;
  }

  async #ask(how: "call" | "pipeline", commands: Argument[][]): Promise<unknown[]> {
    const encoded = commands.map((command) =>
      command.map((argument) => Buffer.from(argument).toString("base64")),
    );
    await this.#child.stdin.write(`${JSON.stringify([how, encoded])}\n`);
    await this.#child.stdin.flush();
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(await this.#reasonOfEnd());
    return (JSON.parse(value) as Shown[]).map(decoded);
  }

  async #reasonOfEnd(): Promise<string> {
    const stderr = await this.#stderr;
    const isMissing = stderr.includes("No module named 'redis'");
    return isMissing ? "redis-py is missing: apt-get install python3-redis" : stderr;
  }
}

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop()!;
    yield* lines;
  }
}

function decoded(reply: Shown): unknown {
  if (Array.isArray(reply)) return reply.map(decoded);
  if (reply === null || typeof reply !== "object") return reply;
  return "bytes" in reply
    ? Buffer.from(reply.bytes, "base64")
    : new PythonError(reply.error, reply.type);
}

function textOf(reply: unknown): unknown {
  if (Array.isArray(reply)) return reply.map(textOf);
  return Buffer.isBuffer(reply) ? reply.toString() : reply;
}
