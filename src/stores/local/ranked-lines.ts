// The ready events of a queue that have another priority than 0: a line for each priority.
import { Line, type Placed } from "./line.ts";

interface Ranked<E extends Placed> {
  readonly priority: number;
  readonly line: Line<E>;
}

export class RankedLines<E extends Placed> {
  /** The highest priority first. No line is empty. */
  readonly #lines: Ranked<E>[] = [];
  length = 0;

  /** The line of that priority; makes it if needed. It is to get an event at once. */
  open(priority: number): Line<E> {
    const at = this.#indexOf(priority);
    const there = this.#lines[at];
    if (there?.priority === priority) return there.line;
    const line = new Line<E>();
    this.#lines.splice(at, 0, { priority, line });
    return line;
  }

  /** The line of that priority must be there. */
  line(priority: number): Line<E> {
    return this.#lines[this.#indexOf(priority)]!.line;
  }

  /** Removes the event at that place, which must be there. Returns the line. */
  remove(priority: number, place: number): Line<E> {
    const at = this.#indexOf(priority);
    const { line } = this.#lines[at]!;
    line.remove(place);
    this.length--;
    if (line.length === 0) this.#lines.splice(at, 1);
    return line;
  }

  /** Of the highest priority, or of the lowest one. */
  get first(): Ranked<E> | undefined {
    return this.#lines[0];
  }

  get last(): Ranked<E> | undefined {
    return this.#lines.at(-1);
  }

  [Symbol.iterator](): Iterator<Ranked<E>> {
    return this.#lines.values();
  }

  /** Index of the first line whose priority is not higher. */
  #indexOf(priority: number): number {
    let low = 0;
    let high = this.#lines.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#lines[middle]!.priority > priority) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
