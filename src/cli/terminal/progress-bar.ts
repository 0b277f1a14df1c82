// A bar on standard error that shows how far a long command is. Redrawn in place, a few times a
// second, and only on a terminal. It appears if the command takes longer than a moment.

const DRAW_MS = 200;
const APPEARS_MS = 500;
const BAR_COLUMNS = 24;
const CLEAR_LINE = "\r\u001b[K";

export interface Progress {
  /** How much of the whole is done, in the unit of the total. */
  done: number;
  /** null if it is not known. */
  total: number | null;
  /** Shown behind the bar: "12,000 events". */
  text: string;
}

export class ProgressBar {
  readonly #write: (text: string) => void;
  readonly #columns: () => number;
  readonly #startMs = performance.now();
  #drawnMs = -Infinity;
  #isShown = false;

  /** Without write() nothing is ever drawn. */
  constructor(write: (text: string) => void, columns: () => number) {
    this.#write = write;
    this.#columns = columns;
  }

  /** Cheap to call often. */
  update(progress: () => Progress): void {
    const nowMs = performance.now();
    if (nowMs - this.#startMs < APPEARS_MS || nowMs - this.#drawnMs < DRAW_MS) return;
    this.#drawnMs = nowMs;
    this.#isShown = true;
    const text = barOf(progress(), (nowMs - this.#startMs) / 1000);
    this.#write(`${CLEAR_LINE}${text.slice(0, Math.max(1, this.#columns() - 1))}`);
  }

  /** Takes the bar away, so that the next line stands alone. */
  clear(): void {
    if (this.#isShown) this.#write(CLEAR_LINE);
    this.#isShown = false;
  }
}

function barOf({ done, total, text }: Progress, seconds: number): string {
  if (total === null || total === 0) return `${text}, ${Math.round(seconds)} s`;
  const part = Math.min(1, done / total);
  const full = Math.round(part * BAR_COLUMNS);
  const bar = `[${"#".repeat(full)}${".".repeat(BAR_COLUMNS - full)}]`;
  const left = part > 0 ? Math.ceil((seconds / part) * (1 - part)) : 0;
  return `${bar} ${Math.floor(part * 100)} %, ${text}, ${left} s left`;
}
