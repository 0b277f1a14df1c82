// Draws the whole terminal again and again, in the alternate screen. At the end the terminal shows
// its earlier content.

const ENTER = "\x1b[?1049h\x1b[?25l\x1b[?7l\x1b[2J";
/** Gives the terminal back, also from a screen that was not closed. */
export const LEAVE = "\x1b[0m\x1b[?7h\x1b[?25h\x1b[?1049l";
/** Terminals that know it show the frame at once when it is complete; others ignore it. */
const BEGIN_FRAME = "\x1b[?2026h\x1b[H";
const END_FRAME = "\x1b[J\x1b[?2026l";

export class Screen {
  #isOpen = false;
  /** The frame that the terminal has not taken yet, and the lines that came meanwhile. */
  #writing: Promise<void> | null = null;
  #next: { lines: readonly string[]; rows: number } | null = null;
  readonly #write: (text: string) => Promise<void>;
  readonly #failed: (error: unknown) => void;

  /** `write` resolves when the terminal has the text; `failed` is called if it rejects. */
  constructor(write: (text: string) => Promise<void>, failed: (error: unknown) => void) {
    this.#write = write;
    this.#failed = failed;
  }

  /** Also again, after another program has used the terminal. */
  open(): void {
    this.#isOpen = true;
    this.#write(ENTER).catch(this.#failed);
  }

  /**
   * Shows these lines from the top, as many as there is room for. Lines must not be too wide. While
   * a slow terminal has not taken a frame, only the latest lines wait.
   */
  draw(lines: readonly string[], rows: number): void {
    if (!this.#isOpen) return;
    if (this.#writing) {
      this.#next = { lines, rows };
      return;
    }
    // Erased first: behind a line as wide as the terminal that would erase its last character.
    const shown = lines.slice(0, Math.max(1, rows)).map((line) => `\x1b[K${line}\x1b[0m`);
    const frame = `${BEGIN_FRAME}${shown.join("\r\n")}${END_FRAME}`;
    this.#writing = this.#write(frame)
      .catch(this.#failed)
      .then(() => this.#drawNext());
  }

  #drawNext(): void {
    this.#writing = null;
    const next = this.#next;
    this.#next = null;
    if (next) this.draw(next.lines, next.rows);
  }

  /** Resolves when the terminal has what was before. May be called more than once. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#next = null;
    await this.#write(LEAVE).catch(this.#failed);
  }
}
