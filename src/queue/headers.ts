// The headers of an event as one block of bytes: for each header its name and its value, each as a
// netstring (its length in decimal, ":", its bytes). Stores keep and extend the block.

export type Header = [name: Buffer, value: Buffer];

/** null if there are none. */
export function encodeHeaders(headers: readonly Header[]): Buffer | null {
  if (headers.length === 0) return null;
  return Buffer.concat(headers.flat().flatMap((part) => [Buffer.from(`${part.length}:`), part]));
}

/** The block with these headers, in place of those of the same names. */
export function replaceHeaders(block: Buffer | null, added: readonly Header[]): Buffer | null {
  const isAdded = (name: Buffer) => added.some(([other]) => other.equals(name));
  const own = decodeHeaders(block).filter(([name]) => !isAdded(name));
  return encodeHeaders([...own, ...added]);
}

/** The parts are views of the block. Those from a fault in it on are left out. */
export function decodeHeaders(block: Buffer | null): Header[] {
  if (!block) return [];
  const parts: Buffer[] = [];
  for (let at = 0; at < block.length;) {
    const colon = block.indexOf(0x3a, at);
    const from = colon + 1;
    const end = colon < 0 ? NaN : from + Number(block.toString("latin1", at, colon));
    if (!(end >= from && end <= block.length)) break;
    parts.push(block.subarray(from, end));
    at = end;
  }
  return Array.from({ length: parts.length >> 1 }, (_, n) => [parts[2 * n]!, parts[2 * n + 1]!]);
}
