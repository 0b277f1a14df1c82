// The names of the objects below the prefix of an object store. They sort in the order of epochs
// and of places in the log.

export const MANIFEST = "manifest.json";
export const LOG = "log/";
export const SNAPSHOTS = "snapshot/";
export const SEGMENTS = "segment/";
export const PINS = "pin/";

const EPOCH_DIGITS = 8;
const SEQ_DIGITS = 20;
const PART_DIGITS = 5;

/** Higher ones have no name. */
export const EPOCH_MAX = 10 ** EPOCH_DIGITS - 1;

export function logName(seq: number): string {
  return LOG + digits(seq, SEQ_DIGITS);
}

/** null for an object that is none of okq's. */
export function logSeq(name: string): number | null {
  const found = /^log\/(\d{20})$/.exec(name);
  return found && Number(found[1]);
}

/** A name that was never there before. */
export function newSnapshotName(epoch: number, seq: number): string {
  return `${SNAPSHOTS}${digits(epoch, EPOCH_DIGITS)}-${digits(seq, SEQ_DIGITS)}-${random()}`;
}

export function partName(snapshot: string, part: number): string {
  return `${snapshot}/${digits(part, PART_DIGITS)}`;
}

/** A name that was never there before. */
export function newSegmentName(epoch: number, from: number, to: number): string {
  const range = `${digits(from, SEQ_DIGITS)}-${digits(to, SEQ_DIGITS)}`;
  return `${SEGMENTS}${digits(epoch, EPOCH_DIGITS)}-${range}-${random()}`;
}

/** Places in the log, without `end` itself. */
export interface PinnedPlaces {
  from: number;
  end: number;
}

/** A name that was never there before. */
export function newPinName({ from, end }: PinnedPlaces): string {
  return `${PINS}${digits(from, SEQ_DIGITS)}-${digits(end, SEQ_DIGITS)}-${random()}`;
}

/** null for an object that is none of okq's. */
export function parsePin(name: string): PinnedPlaces | null {
  const found = /^pin\/(\d{20})-(\d{20})-[0-9a-f]+$/.exec(name);
  return found && { from: Number(found[1]), end: Number(found[2]) };
}

/** A segment, or a part of a snapshot. */
export interface NamedObject {
  /** As the manifest has it. */
  name: string;
  epoch: number;
  /** The places in the log that it is read for; of a snapshot the last one. */
  from: number;
  to: number;
}

/** null for an object that is none of okq's. */
export function parseSnapshotPart(part: string): NamedObject | null {
  return named(/^(snapshot\/(\d{8})-(\d{20})-[0-9a-f]+)\/\d{5}$/.exec(part));
}

/** null for an object that is none of okq's. */
export function parseSegment(name: string): NamedObject | null {
  return named(/^(segment\/(\d{8})-(\d{20})-(\d{20})-[0-9a-f]+)$/.exec(name));
}

function named(found: RegExpExecArray | null): NamedObject | null {
  if (!found) return null;
  const [, name, epoch, from, to = from] = found as unknown as string[];
  return { name: name!, epoch: Number(epoch), from: Number(from), to: Number(to) };
}

function digits(value: number, length: number): string {
  return String(value).padStart(length, "0");
}

function random(): string {
  return crypto.randomUUID().replaceAll("-", "");
}
