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
  const block = headersOf(value);
  return value.subarray(block ? block.byteOffset - value.byteOffset + block.length : HEAD_BYTES);
}

/** null also if somebody else wrote the value, without their length. */
export function headersOf(value: Buffer): Buffer | null {
  if (value.length === 0 || value[0]! % FORMS !== WITH_HEADERS) return null;
  const colon = value.indexOf(COLON, HEAD_BYTES);
  const digits = value.toString("latin1", HEAD_BYTES, colon);
  return /^\d+$/.test(digits) ? value.subarray(colon + 1, colon + 1 + Number(digits)) : null;
}
