// What the reference store has handed out under a rate: the time of each event.
import { EXACT_COUNT_MAX, type Rate } from "../../../src/queue/rates.ts";

export class HandedOut {
  readonly #isOfQueue: boolean;
  /** The rate for which it counts. */
  #text = "";
  /** From when tenths of the window count. */
  #beganAtMs = 0;
  #times: number[] = [];

  constructor(isOfQueue: boolean) {
    this.#isOfQueue = isOfQueue;
  }

  /** How many more may be handed out. */
  roomAt(nowMs: number, rate: Rate | null): number {
    this.#countFor(rate);
    return rate === null ? Infinity : rate.count - this.#counted(nowMs, rate).length;
  }

  add(nowMs: number, rate: Rate | null): void {
    this.#countFor(rate);
    if (rate === null) return;
    if (this.#counted(nowMs, rate).length === 0) [this.#beganAtMs, this.#times] = [nowMs, []];
    this.#times.push(nowMs);
  }

  takeBack(atMs: number, rate: Rate | null): void {
    this.#countFor(rate);
    if (rate === null || atMs < this.#beganAtMs) return;
    const isSame = (time: number) =>
      this.#isExact(rate) ? time === atMs : this.#tenth(time, rate) === this.#tenth(atMs, rate);
    const at = this.#times.findIndex(isSame);
    if (at >= 0) this.#times.splice(at, 1);
  }

  /** When it has room for more than now. */
  nextAtMs(nowMs: number, rate: Rate | null): number {
    this.#countFor(rate);
    const all = this.#times.map((time) => this.#leavesAtMs(time, rate!));
    return Math.min(Infinity, ...all.filter((atMs) => atMs > nowMs));
  }

  /** When it counts nothing any more. */
  endsAtMs(rate: Rate | null): number {
    this.#countFor(rate);
    return Math.max(0, ...this.#times.map((time) => this.#leavesAtMs(time, rate!)));
  }

  #countFor(rate: Rate | null): void {
    const text = rate?.text ?? "";
    if (text === this.#text) return;
    this.#text = text;
    this.#times = [];
  }

  #counted(nowMs: number, rate: Rate): number[] {
    return this.#times.filter((time) => this.#leavesAtMs(time, rate) > nowMs);
  }

  #isExact({ count }: Rate): boolean {
    return this.#isOfQueue && count <= EXACT_COUNT_MAX;
  }

  #tenth(atMs: number, { windowMs }: Rate): number {
    return Math.floor(((atMs - this.#beganAtMs) * 10) / windowMs);
  }

  /** From when an event of that time does not count. */
  #leavesAtMs(time: number, rate: Rate): number {
    if (this.#isExact(rate)) return time + rate.windowMs;
    const tenth = this.#tenth(time, rate) + 11;
    return this.#beganAtMs + Math.ceil((tenth * rate.windowMs) / 10);
  }
}
