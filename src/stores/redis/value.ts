// What the hash of events keeps for each event, its value: a head, and then the contents. The head:
// - a byte: 1, or 2 for an event with headers
// - 6 bytes, big-endian: when the event was pushed, in ms since 1970
// - of an event with headers: the length of their block in decimal, ":", and the block

const WITH_HEADERS = 2;
const TIME_BYTES = 6;
const HEAD_BYTES = 1 + TIME_BYTES;
const COLON = 0x3a;

/** A value to be sent: its two parts need not be copied into one buffer. */
export class Value {
  constructor(
    readonly head: Buffer,
    readonly contents: Buffer,
  ) {}

  get bytes(): Buffer {
    return Buffer.concat([this.head, this.contents]);
  }
}

/** The head of an event that is pushed at that time. headers: as headers.ts encodes them. */
export function headOf(pushedAtMs: number, headers: Buffer | null): Buffer {
  const head = Buffer.alloc(HEAD_BYTES, headers ? WITH_HEADERS : 1);
  head.writeUIntBE(Math.min(Math.max(0, Math.floor(pushedAtMs)), 2 ** 48 - 1), 1, TIME_BYTES);
  return headers ? Buffer.concat([head, Buffer.from(`${headers.length}:`), headers]) : head;
}

export function pushedAtMsOf(value: Buffer): number {
  return value.readUIntBE(1, TIME_BYTES);
}

/** The parts are views of the value. */
export function contentsOf(value: Buffer): Buffer {
  return value.subarray(value[0] === WITH_HEADERS ? headersEnd(value) : HEAD_BYTES);
}

export function headersOf(value: Buffer): Buffer | null {
  if (value[0] !== WITH_HEADERS) return null;
  return value.subarray(value.indexOf(COLON, HEAD_BYTES) + 1, headersEnd(value));
}

function headersEnd(value: Buffer): number {
  const colon = value.indexOf(COLON, HEAD_BYTES);
  return colon + 1 + Number(value.toString("latin1", HEAD_BYTES, colon));
}
