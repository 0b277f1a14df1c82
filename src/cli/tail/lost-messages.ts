// How many messages okq has lost, because a client read too slowly or too much happened: it tells
// their number, and not whose they were.
import type { Okq } from "../../client/client.ts";
import { textIn } from "../../client/reply.ts";

const LOOK_MS = 2000;

export class LostMessages {
  readonly #okq: Pick<Okq, "call">;
  readonly #told: (count: number) => void;
  #isOver = false;
  #hasHeard = false;
  /** Since okq was started; null: not known. */
  #count: number | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `told` hears how many more were lost. */
  constructor(okq: Pick<Okq, "call">, told: (count: number) => void) {
    this.#okq = okq;
    this.#told = told;
  }

  /** Looks from time to time while messages come. */
  async start(): Promise<void> {
    this.#count = await this.#read();
    this.#wait();
  }

  /** A message was heard. */
  heard(): void {
    this.#hasHeard = true;
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#isOver = true;
  }

  #wait(): void {
    this.#timer = setTimeout(async () => {
      await this.#look();
      if (!this.#isOver) this.#wait();
    }, LOOK_MS);
  }

  async #look(): Promise<void> {
    if (!this.#hasHeard) return;
    this.#hasHeard = false;
    const before = this.#count;
    this.#count = await this.#read();
    if (before !== null && this.#count !== null && this.#count > before && !this.#isOver) {
      this.#told(this.#count - before);
    }
  }

  /** null while okq is away. */
  async #read(): Promise<number | null> {
    try {
      const info = textIn(await this.#okq.call("INFO", "stats"));
      return Number(/^messages_lost:(\d+)/m.exec(info)?.[1] ?? 0);
    } catch {
      return null;
    }
  }
}
