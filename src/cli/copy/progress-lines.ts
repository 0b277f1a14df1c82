// Lines that tell how far a long command is, at most one every few seconds.

const EVERY_MS = 2000;

export class ProgressLines {
  readonly #write: (line: string) => void;
  readonly #nowMs: () => number;
  #toldAtMs: number;

  /** A command that takes less than two seconds writes none. */
  constructor(write: (line: string) => void, nowMs = () => performance.now()) {
    this.#write = write;
    this.#nowMs = nowMs;
    this.#toldAtMs = nowMs();
  }

  /** `what` is a phrase such as "copying". Without `all` the end is not known. */
  tell(what: string, done: number, all: number | null, unit: string): void {
    const nowMs = this.#nowMs();
    if (nowMs - this.#toldAtMs < EVERY_MS) return;
    this.#toldAtMs = nowMs;
    const figure = (count: number) => count.toLocaleString("en-US");
    const end = all === null ? "" : ` of ${figure(all)}`;
    const percent = all === null ? "" : ` (${Math.floor((100 * done) / Math.max(all, 1))}%)`;
    this.#write(`okq: ${what}: ${figure(done)}${end} ${unit}${percent}\n`);
  }
}

export function progressOnStderr(): ProgressLines {
  return new ProgressLines((line) => process.stderr.write(line));
}
