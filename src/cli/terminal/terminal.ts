// What a command of the client sees of the world: standard input and output, the person at the
// terminal, colours, and the bar of a long command.
import type { ReadStream } from "node:tty";
import { Input } from "./input.ts";
import type { Json } from "./json-text.ts";
import { Output } from "./output.ts";
import { ProgressBar } from "./progress-bar.ts";
import { askYesNo, withoutEcho } from "./prompt.ts";

const DEFAULT_COLUMNS = 80;

export type Colour = "red" | "green" | "yellow" | "blue" | "cyan" | "dim" | "bold";
const CODES: Record<Colour, number> = {
  red: 31,
  green: 32,
  yellow: 33,
  blue: 34,
  cyan: 36,
  dim: 2,
  bold: 1,
};

export class Terminal {
  readonly stdout = new Output(1);
  /** Whether standard output is a terminal. */
  readonly isTerminal = process.stdout.isTTY === true;
  /** Whether a person can be asked. */
  readonly isInteractive = process.stdin.isTTY === true && process.stderr.isTTY === true;
  readonly #hasColour: boolean;
  #bar: ProgressBar | null = null;

  constructor(colour: "auto" | "always" | "never", env: Record<string, string | undefined>) {
    const wanted = this.isTerminal && !env["NO_COLOR"] && env["TERM"] !== "dumb";
    this.#hasColour = colour === "always" || (colour === "auto" && wanted);
  }

  /** Of standard output; 80 if it is no terminal. */
  get columns(): number {
    return process.stdout.columns || DEFAULT_COLUMNS;
  }

  get rows(): number {
    return process.stdout.rows || 24;
  }

  /** Writes a line to standard output. Resolves when the system has it. */
  line(text: string): Promise<void> {
    return this.stdout.write(`${text}\n`);
  }

  /** Writes bytes to standard output as they are. */
  bytes(bytes: Uint8Array): Promise<void> {
    return this.stdout.write(bytes);
  }

  /** Writes a value as one line of JSON to standard output. */
  json(value: Json): Promise<void> {
    return this.line(JSON.stringify(value));
  }

  /** Writes a line for a person to standard error. Never fails. */
  note(text: string): void {
    this.#bar?.clear();
    process.stderr.write(`${text}\n`);
  }

  /** The text in that colour, where colours are shown. */
  paint(text: string, ...colours: Colour[]): string {
    if (!this.#hasColour || text === "") return text;
    return `\u001b[${colours.map((colour) => CODES[colour]).join(";")}m${text}\u001b[0m`;
  }

  /** Standard input, or a file. */
  input(file: string | null = null): Input {
    return new Input(file);
  }

  /** Whether the answer is yes. Only for an interactive terminal. Nothing is read behind it. */
  confirm(question: string): Promise<boolean> {
    return askYesNo(process.stdin as ReadStream, question);
  }

  /** A line that is not shown while it is typed. Rejects with Cancelled on Ctrl-C. */
  async password(question: string): Promise<string> {
    return await withoutEcho(process.stdin as ReadStream, (ask) => ask(question));
  }

  /** The bar of this command; draws nothing if standard error is no terminal. */
  progress(isWanted: boolean): ProgressBar {
    const isShown = isWanted && process.stderr.isTTY === true;
    this.#bar = new ProgressBar(
      (text) => isShown && process.stderr.write(text),
      () => process.stderr.columns || DEFAULT_COLUMNS,
    );
    return this.#bar;
  }
}
