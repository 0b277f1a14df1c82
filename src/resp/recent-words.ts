// Words that clients send again and again, such as the names of commands and queues. A word that
// was seen lately is handed out as the same Buffer: comparing it with the received bytes is cheaper
// than making a view of them, and the name cache of the queues recognises it at once.

const SLOTS = 256;
/** Longer words are not worth the comparison. */
const WORD_BYTES_MAX = 32;
/** One of this many new words takes a slot, so that most words that come once cost no copy. */
const MISSES_PER_COPY = 8;

const recent = Array<Buffer | undefined>(SLOTS).fill(undefined);
let misses = 0;

/** The bytes chunk[from, to): a Buffer of its own when they are a recent word, else a view. */
export function wordIn(chunk: Buffer, from: number, to: number): Buffer {
  const length = to - from;
  if (length === 0 || length > WORD_BYTES_MAX) return chunk.subarray(from, to);
  const middle = chunk[from + (length >> 1)]!;
  const slot = (length * 31 + chunk[from]! * 7 + middle * 3 + chunk[to - 1]!) % SLOTS;
  const word = recent[slot];
  if (word !== undefined && isAt(word, chunk, from, length)) return word;
  // Two frequent words may share a slot.
  const other = recent[slot ^ 1];
  if (other !== undefined && isAt(other, chunk, from, length)) return other;
  const view = chunk.subarray(from, to);
  if (++misses % MISSES_PER_COPY === 0) {
    const copy = Buffer.allocUnsafeSlow(length);
    copy.set(view);
    recent[slot ^ 1] = word;
    recent[slot] = copy;
  }
  return view;
}

function isAt(word: Buffer, chunk: Buffer, from: number, length: number): boolean {
  if (word.length !== length) return false;
  for (let at = 0; at < length; at++) if (word[at] !== chunk[from + at]) return false;
  return true;
}
