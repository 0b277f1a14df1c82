// What was handed out under a rate: how many events at which times (see queue/rates.ts).
import { EXACT_COUNT_MAX, type Rate } from "../../queue/rates.ts";

/** Events that count until the same time. */
interface Counted {
  /** Their time, or the number of their tenth of the window. */
  at: number;
  /** From then on they do not count. */
  endsAtMs: number;
  count: number;
}

/** As text. */
export interface WrittenCounts {
  rate: string;
  beganAtMs: number;
  counted: [at: number, endsAtMs: number, count: number][];
}

export class HandedOut {
  readonly #isOfQueue: boolean;
  /** The rate that it counts for. */
  #text = "";
  #beganAtMs = 0;
  /** In the order of their times. */
  #counted: Counted[] = [];
  #count = 0;

  constructor(isOfQueue: boolean, written?: WrittenCounts) {
    this.#isOfQueue = isOfQueue;
    if (!written) return;
    this.#text = written.rate;
    this.#beganAtMs = written.beganAtMs;
    this.#counted = written.counted.map(([at, endsAtMs, count]) => ({ at, endsAtMs, count }));
    this.#count = this.#counted.reduce((sum, { count }) => sum + count, 0);
  }

  /** null: it counts nothing. */
  get written(): WrittenCounts | null {
    if (this.#count === 0) return null;
    const counted = this.#counted.map(({ at, endsAtMs, count }): [number, number, number] => [
      at,
      endsAtMs,
      count,
    ]);
    return { rate: this.#text, beganAtMs: this.#beganAtMs, counted };
  }

  /** How many more may be handed out. */
  roomAt(nowMs: number, rate: Rate): number {
    this.#look(nowMs, rate);
    return Math.max(0, rate.count - this.#count);
  }

  add(nowMs: number, rate: Rate): void {
    this.#look(nowMs, rate);
    if (this.#count === 0) this.#beganAtMs = nowMs;
    const at = this.#isExact(rate) ? nowMs : this.#tenthOf(nowMs, rate);
    const last = this.#counted.at(-1);
    this.#count++;
    if (last?.at === at) last.count++;
    else this.#counted.push({ at, endsAtMs: this.#endMs(at, rate), count: 1 });
  }

  /** An event was handed out then, and that is undone. Returns whether it counted still. */
  takeBack(atMs: number, rate: Rate): boolean {
    if (rate.text !== this.#text || atMs < this.#beganAtMs) return false;
    const at = this.#isExact(rate) ? atMs : this.#tenthOf(atMs, rate);
    const index = this.#counted.findLastIndex((counted) => counted.at === at);
    if (index === -1) return false;
    this.#count--;
    if (--this.#counted[index]!.count === 0) this.#counted.splice(index, 1);
    return true;
  }

  /** When there will be more room; Infinity if it counts nothing. */
  nextAtMs(nowMs: number, rate: Rate): number {
    this.#look(nowMs, rate);
    return this.#counted[0]?.endsAtMs ?? Infinity;
  }

  /** When it counts nothing any more; 0 if that is so. */
  endsAtMs(nowMs: number, rate: Rate | null): number {
    if (rate === null) return 0;
    this.#look(nowMs, rate);
    return this.#counted.at(-1)?.endsAtMs ?? 0;
  }

  /** Forgets what does not count any more, or does not count for that rate. */
  #look(nowMs: number, { text }: Rate): void {
    if (text !== this.#text) {
      this.#text = text;
      this.#counted = [];
      this.#count = 0;
    }
    const counted = this.#counted;
    while (counted.length > 0 && counted[0]!.endsAtMs <= nowMs) {
      this.#count -= counted[0]!.count;
      counted.shift();
    }
  }

  #isExact({ count }: Rate): boolean {
    return this.#isOfQueue && count <= EXACT_COUNT_MAX;
  }

  #tenthOf(atMs: number, { windowMs }: Rate): number {
    return Math.floor(((atMs - this.#beganAtMs) * 10) / windowMs);
  }

  #endMs(at: number, rate: Rate): number {
    if (this.#isExact(rate)) return at + rate.windowMs;
    return this.#beganAtMs + Math.ceil(((at + 11) * rate.windowMs) / 10);
  }
}
