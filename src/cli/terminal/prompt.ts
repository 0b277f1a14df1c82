// Asks the person at the terminal: a line without showing it, or yes or no. Questions go to
// standard error, so that they do not mix with the output.
import type { ReadStream } from "node:tty";

const CTRL_C = "\u0003";
const CTRL_D = "\u0004";
const BACKSPACES = new Set(["\b", "\u007f"]);

/** The person wants to give no answer. */
export class Cancelled extends Error {
  constructor() {
    super("cancelled");
  }
}

/** The typed characters, one after the other. */
class Keys {
  readonly #stdin: ReadStream;
  readonly #typed: string[] = [];
  #isEnded = false;
  #wake: () => void = () => {};

  constructor(stdin: ReadStream) {
    this.#stdin = stdin;
    stdin.setEncoding("utf8");
    stdin.on("data", this.#add);
    stdin.on("end", this.#end);
    stdin.resume();
  }

  /** null at the end of the input. */
  async next(): Promise<string | null> {
    if (this.#typed.length === 0 && !this.#isEnded) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return this.#typed.shift() ?? null;
  }

  /** The process can end then, and others can read. */
  close(): void {
    this.#stdin.off("data", this.#add);
    this.#stdin.off("end", this.#end);
    this.#stdin.pause();
  }

  readonly #add = (text: Buffer | string): void => {
    this.#typed.push(...String(text));
    this.#wake();
  };

  readonly #end = (): void => {
    this.#isEnded = true;
    this.#wake();
  };
}

/** Asks one question after the other while the terminal shows no keys. */
export async function withoutEcho<T>(
  stdin: ReadStream,
  work: (ask: (question: string) => Promise<string>) => Promise<T>,
): Promise<T> {
  stdin.setRawMode(true);
  const keys = new Keys(stdin);
  try {
    return await work((question) => askHidden(question, keys));
  } finally {
    stdin.setRawMode(false);
    keys.close();
  }
}

async function askHidden(question: string, keys: Keys): Promise<string> {
  process.stderr.write(question);
  let typed = "";
  for (;;) {
    const key = await keys.next();
    if (key === null || key === CTRL_C || key === CTRL_D) {
      process.stderr.write("\n");
      throw new Cancelled();
    }
    if (key === "\r" || key === "\n") break;
    typed = BACKSPACES.has(key) ? [...typed].slice(0, -1).join("") : typed + key;
  }
  process.stderr.write("\n");
  return typed;
}

/** Whether the answer is y or yes. The end of the input is a no. */
export async function askYesNo(stdin: ReadStream, question: string): Promise<boolean> {
  process.stderr.write(`${question} [y/N] `);
  const keys = new Keys(stdin);
  let line = "";
  for (;;) {
    const key = await keys.next();
    if (key === null) process.stderr.write("\n");
    if (key === null || key === "\n" || key === "\r") break;
    line += key;
  }
  keys.close();
  return /^y(es)?\s*$/i.test(line);
}
