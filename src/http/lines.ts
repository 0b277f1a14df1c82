// The lines of a body that comes piece by piece.

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

/**
 * Portions of lines, as they come; empty lines are left out. No portion has more than so many
 * lines, or many more bytes than that. Rejects with a LineTooLong.
 */
export async function* portionsOf(
  chunks: AsyncIterable<Uint8Array>,
  { linesMax, bytesMax, lineBytesMax }: Record<"linesMax" | "bytesMax" | "lineBytesMax", number>,
): AsyncGenerator<Line[]> {
  let number = 1;
  /** Of a line whose end has not come. */
  let begun: Uint8Array[] = [];
  let begunBytes = 0;
  for await (const chunk of chunks) {
    let lines: Line[] = [];
    let bytes = 0;
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      const line = Buffer.concat([...begun, chunk.subarray(start, end)]);
      if (line.length > lineBytesMax) throw new LineTooLong(number);
      [begun, begunBytes, start] = [[], 0, end + 1];
      if (!isEmpty(line)) lines.push({ number, bytes: line });
      number += 1;
      bytes += line.length;
      if (lines.length < linesMax && bytes < bytesMax) continue;
      yield lines;
      [lines, bytes] = [[], 0];
    }
    if (lines.length > 0) yield lines;
    begun.push(chunk.subarray(start));
    begunBytes += chunk.length - start;
    if (begunBytes > lineBytesMax) throw new LineTooLong(number);
  }
  const last = Buffer.concat(begun);
  if (!isEmpty(last)) yield [{ number, bytes: last }];
}

function isEmpty(line: Buffer): boolean {
  return line.length === 0 || (line.length === 1 && line[0] === CARRIAGE_RETURN);
}
