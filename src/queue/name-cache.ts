// Names as strings with one character per byte, for use as keys. Most names have come before, so a
// name is first compared with a recent one, which is faster than to decode it.

const SLOTS = 256;
/** Longer names are always decoded: to compare them byte by byte would cost more. */
const LENGTH_MAX = 32;

interface Recent {
  bytes: Buffer;
  text: string;
}

const recent = Array<Recent | undefined>(SLOTS).fill(undefined);

/** The latin1 string of these bytes. */
export function nameOf(bytes: Buffer): string {
  const { length } = bytes;
  if (length === 0 || length > LENGTH_MAX) return bytes.toString("latin1");
  const slot = (length * 31 + bytes[0]! * 7 + bytes[length >> 1]! * 3 + bytes[length - 1]!) % SLOTS;
  const known = recent[slot];
  if (known?.bytes === bytes) return known.text;
  // Two frequent names may share a slot.
  const other = recent[slot ^ 1];
  if (other?.bytes === bytes) return other.text;
  if (known !== undefined && isSame(known, bytes)) return known.text;
  if (other !== undefined && isSame(other, bytes)) return other.text;
  const text = bytes.toString("latin1");
  // A copy: a view would keep the whole received chunk.
  recent[slot ^ 1] = known;
  recent[slot] = { bytes: isView(bytes) ? Buffer.from(bytes) : bytes, text };
  return text;
}

/** Whether its memory is a part of something larger. */
export function isView(bytes: Buffer): boolean {
  return bytes.buffer.byteLength > bytes.length;
}

function isSame(known: Recent, bytes: Buffer): boolean {
  const own = known.bytes;
  if (own.length !== bytes.length) return false;
  for (let at = 0; at < own.length; at++) if (own[at] !== bytes[at]) return false;
  // The parser hands out the same Buffer again: next time there is nothing to compare.
  if (!isView(bytes)) known.bytes = bytes;
  return true;
}
