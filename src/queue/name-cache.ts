// Queue names as strings, one character a byte, to be looked up by. The same few names come again
// and again: they are compared with a recent one instead of being decoded each time.

const SLOTS = 256;
/** Longer names are decoded: comparing them byte by byte would cost more. */
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
  if (known !== undefined && isSame(known.bytes, bytes)) {
    // The parser hands out the same Buffer again: next time there is nothing to compare.
    if (!isView(bytes)) known.bytes = bytes;
    return known.text;
  }
  const text = bytes.toString("latin1");
  // A copy: a view would keep the whole received chunk.
  recent[slot] = { bytes: isView(bytes) ? Buffer.from(bytes) : bytes, text };
  return text;
}

/** Whether its memory is a part of something larger. */
function isView(bytes: Buffer): boolean {
  return bytes.buffer.byteLength > bytes.length;
}

function isSame(a: Buffer, b: Buffer): boolean {
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}
