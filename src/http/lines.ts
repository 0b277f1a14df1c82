// The lines of a body that comes piece by piece.
import type { Budget } from "../commands/budget.ts";
import { tooManyBytes } from "./request-body.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export interface Line {
  /** From 1 on. */
  number: number;
  bytes: Buffer;
}

/** A line has more bytes than it may have. */
export class LineTooLong extends Error {
  constructor(readonly number: number) {
    super(`line ${number} is too long`);
  }
}

type Limits = Record<"linesMax" | "bytesMax" | "lineBytesMax", number>;

/**
 * Portions of lines, as they come; empty lines are left out. No portion has more than so many
 * lines, or many more bytes than that. Bytes count as those of a body until the next portion is
 * asked for. Rejects with a LineTooLong, or with a Problem while bodies have too many bytes.
 */
export async function* portionsOf(
  chunks: AsyncIterable<Uint8Array>,
  limits: Limits,
  bodies: Budget,
): AsyncGenerator<Line[]> {
  const lines = new BegunLine(limits.lineBytesMax);
  let takenBytes = 0;
  try {
    for await (const chunk of chunks) {
      if (bodies.isFull) throw tooManyBytes();
      bodies.take(chunk.length);
      takenBytes += chunk.length;
      yield* inPortions(lines.endedBy(chunk), limits);
      bodies.release(takenBytes - lines.begunBytes);
      takenBytes = lines.begunBytes;
    }
    const last = lines.last();
    if (!isEmpty(last.bytes)) yield [last];
  } finally {
    bodies.release(takenBytes);
  }
}

/** A line whose end has not come. */
class BegunLine {
  readonly #bytesMax: number;
  #number = 1;
  #parts: Uint8Array[] = [];
  begunBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** The lines that end in the chunk. Throws a LineTooLong. */
  *endedBy(chunk: Uint8Array): Generator<Line> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      this.#add(chunk.subarray(start, end));
      start = end + 1;
      yield this.last();
      this.#number += 1;
    }
    this.#add(chunk.subarray(start));
  }

  last(): Line {
    const bytes = Buffer.concat(this.#parts);
    [this.#parts, this.begunBytes] = [[], 0];
    return { number: this.#number, bytes };
  }

  #add(part: Uint8Array): void {
    this.#parts.push(part);
    this.begunBytes += part.length;
    if (this.begunBytes > this.#bytesMax) throw new LineTooLong(this.#number);
  }
}

/** A line that is too long throws when those before it have been taken. */
function* inPortions(lines: Iterable<Line>, { linesMax, bytesMax }: Limits): Generator<Line[]> {
  let portion: Line[] = [];
  let bytes = 0;
  let tooLong: unknown = null;
  try {
    for (const line of lines) {
      if (!isEmpty(line.bytes)) portion.push(line);
      bytes += line.bytes.length;
      if (portion.length < linesMax && bytes < bytesMax) continue;
      yield portion;
      [portion, bytes] = [[], 0];
    }
  } catch (error) {
    tooLong = error;
  }
  if (portion.length > 0) yield portion;
  if (tooLong !== null) throw tooLong;
}

function isEmpty(line: Buffer): boolean {
  return line.length === 0 || (line.length === 1 && line[0] === CARRIAGE_RETURN);
}
