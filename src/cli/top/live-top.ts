// Draws the view of `okq top` again and again, until a key or a signal ends it. Gives the terminal
// back at every end.
import { writeSync } from "node:fs";
import type { ReadStream } from "node:tty";
import { listenForKeys } from "../terminal/keys.ts";
import { LEAVE, Screen } from "../terminal/screen.ts";
import { onEndSignal } from "../terminal/signals.ts";
import type { Terminal } from "../terminal/terminal.ts";
import type { QueueSource } from "./queue-source.ts";
import type { TopView } from "./top-view.ts";

const STDOUT = 1;
/** An answer that takes longer is missed. */
const LATE_MS = 2_000;

export class LiveTop {
  readonly #view: TopView;
  readonly #source: QueueSource;
  readonly #terminal: Terminal;
  readonly #screen: Screen;
  readonly #ended = Promise.withResolvers<number>();
  #isEnded = false;
  /** Ends the pause between two questions to okq. */
  #wake = () => {};

  constructor(view: TopView, source: QueueSource, terminal: Terminal) {
    this.#view = view;
    this.#source = source;
    this.#terminal = terminal;
    this.#screen = new Screen((text) => terminal.stdout.write(text), this.#ended.reject);
  }

  /** Resolves to the exit code. Rejects if the terminal takes nothing any more. */
  async run(): Promise<number> {
    const leave = () => writeSync(STDOUT, LEAVE);
    const draw = () => this.#draw();
    const redraw = () => {
      this.#screen.open();
      this.#draw();
    };
    // For an end that nothing here has seen.
    process.on("exit", leave);
    process.stdout.on("resize", draw);
    process.on("SIGCONT", redraw);
    const stops = [
      onEndSignal((exitCode) => this.#ended.resolve(exitCode)),
      listenForKeys(process.stdin as ReadStream, (key) => this.#press(key)),
    ];
    try {
      this.#screen.open();
      this.#ask().catch(this.#ended.reject);
      return await this.#ended.promise;
    } finally {
      this.#isEnded = true;
      this.#wake();
      for (const stop of stops) stop();
      process.off("SIGCONT", redraw);
      process.stdout.off("resize", draw);
      await this.#screen.close();
      process.off("exit", leave);
    }
  }

  /** Asks okq until the end. */
  async #ask(): Promise<void> {
    while (!this.#isEnded) {
      // oxlint-disable-next-line no-await-in-loop -- one question after the other
      if (!this.#view.isPaused) await this.#update();
      this.#draw();
      // oxlint-disable-next-line no-await-in-loop -- the pause between two questions
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, this.#view.intervalMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** The client repeats a question for a while before it fails: people hear of that earlier. */
  async #update(): Promise<void> {
    const since = new Date();
    const late = setTimeout(() => {
      this.#view.problem ??= { since, message: null };
      this.#draw();
    }, LATE_MS);
    await this.#source.update(this.#view, this.#terminal);
    clearTimeout(late);
  }

  #draw(): void {
    if (this.#isEnded) return;
    try {
      this.#screen.draw(this.#view.lines(this.#terminal), this.#terminal.rows);
    } catch (error) {
      // Otherwise the message about it would be lost with the screen.
      this.#ended.reject(error);
    }
  }

  #press(key: string): void {
    const effect = this.#view.press(key, this.#terminal);
    if (effect === "quit") this.#ended.resolve(0);
    if (effect === "ask") this.#wake();
    if (effect !== null) this.#draw();
  }
}
