// Reads what a command writes, with backpressure, until the pipe is closed. A process that the
// command has left behind may keep the pipe open for ever, so it is not awaited for long.
import { SystemPipe } from "./system-pipe.ts";

/** After the command has exited, the pipe is given up when it brings nothing for so long, */
const QUIET_MS = 250;
/** or after so long in all, */
const LINGER_MS_MAX = 2_000;
/** or so many bytes: more than a pipe can hold from before the exit. */
const LINGER_BYTES_MAX = 4 << 20;

type Take = (chunk: Uint8Array) => Promise<void> | void;

export class ChildPipe {
  readonly #take: Take;
  readonly #pipe = SystemPipe.open();

  constructor(take: Take) {
    this.#take = take;
  }

  /** What Bun.spawn() takes as stdout or stderr. */
  get target(): number | "pipe" {
    return this.#pipe?.writer ?? "pipe";
  }

  /** Nothing was started. */
  discard(): void {
    this.#pipe?.closeWriter();
    this.#pipe?.closeReader();
  }

  /**
   * Resolves when all that the command itself wrote was taken. Rejects if `take` rejects; the pipe
   * is closed then, and the command is told so when it writes. `made`: Bun's pipe, if it has made
   * one.
   */
  async read(made: unknown, exited: Promise<unknown>): Promise<void> {
    const pipe = this.#pipe;
    if (!pipe) return await readAll(made as ReadableStream<Uint8Array>, exited, this.#take);
    pipe.closeWriter();
    try {
      await readAll(pipe.stream(), exited, this.#take);
    } finally {
      pipe.closeReader();
    }
  }
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
  exited: Promise<unknown>,
  take: Take,
): Promise<void> {
  const reader = stream.getReader();
  const close = () => reader.cancel().catch(() => {});
  const linger = new Linger(() => void close());
  void exited.then(() => linger.begin());
  try {
    for (;;) {
      linger.wait();
      const { done, value } = await reader.read();
      linger.arrived(value?.length ?? 0);
      if (done) return;
      await take(value);
    }
  } finally {
    linger.end();
    await close();
  }
}

/** Measures the time in which the pipe is read after the exit, not that in which `take` is slow. */
class Linger {
  #hasBegun = false;
  #hasEnded = false;
  #isWaiting = false;
  #waitedMs = 0;
  #waitsSinceMs = 0;
  #bytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly giveUp: () => void) {}

  begin(): void {
    this.#hasBegun = true;
    if (this.#isWaiting) this.wait();
  }

  wait(): void {
    this.#isWaiting = true;
    if (!this.#hasBegun || this.#hasEnded) return;
    this.#waitsSinceMs = performance.now();
    const isOver = this.#waitedMs > LINGER_MS_MAX || this.#bytes > LINGER_BYTES_MAX;
    this.#timer = setTimeout(this.giveUp, isOver ? 0 : QUIET_MS);
    if (isOver) this.giveUp();
  }

  arrived(bytes: number): void {
    clearTimeout(this.#timer);
    this.#isWaiting = false;
    if (!this.#hasBegun) return;
    this.#waitedMs += performance.now() - this.#waitsSinceMs;
    this.#bytes += bytes;
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#hasEnded = true;
  }
}
