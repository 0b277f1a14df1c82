// What the hash of events keeps for each event, its value: a head, and then the contents. The head:
// - a byte: 1, or 2 for an event with headers; and 4 times a number that differs between pushes of
//   the same millisecond, from 0 to 63
// - 6 bytes, big-endian: when the event was pushed, in ms since 1970
// - of an event with headers: the length of their block in decimal, ":", and the block

const WITH_HEADERS = 2;
const FORMS = 4;
const NUMBERS = 64;
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

/**
 * The head of an event that is pushed at that time. headers: as headers.ts encodes them. number:
 * another one for each batch.
 */
export function headOf(pushedAtMs: number, headers: Buffer | null, number: number): Buffer {
  const form = headers ? WITH_HEADERS : 1;
  const head = Buffer.alloc(HEAD_BYTES, form + FORMS * (number % NUMBERS));
  head.writeUIntBE(Math.min(Math.max(0, Math.floor(pushedAtMs)), 2 ** 48 - 1), 1, TIME_BYTES);
  return headers ? Buffer.concat([head, Buffer.from(`${headers.length}:`), headers]) : head;
}

/** 0 if somebody else wrote the value, without a head. */
export function pushedAtMsOf(value: Buffer): number {
  return value.length < HEAD_BYTES ? 0 : value.readUIntBE(1, TIME_BYTES);
}

/** The parts are views of the value. */
export function contentsOf(value: Buffer): Buffer {
  return value.subarray(hasHeaders(value) ? headersEnd(value) : HEAD_BYTES);
}

export function headersOf(value: Buffer): Buffer | null {
  if (!hasHeaders(value)) return null;
  return value.subarray(value.indexOf(COLON, HEAD_BYTES) + 1, headersEnd(value));
}

function hasHeaders(value: Buffer): boolean {
  return value[0]! % FORMS === WITH_HEADERS;
}

function headersEnd(value: Buffer): number {
  const colon = value.indexOf(COLON, HEAD_BYTES);
  return colon + 1 + Number(value.toString("latin1", HEAD_BYTES, colon));
}
