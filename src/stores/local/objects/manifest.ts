// The manifest: the one object that is changed, by compare-and-set. It says who serves, and which
// objects the queues are read from.

import type { ServingOkq } from "../../../queue/serving-okq.ts";
import { EPOCH_MAX } from "./object-names.ts";
import { DamageError } from "./damage-error.ts";

const FORMAT = 1;

/** As the manifest has it. */
export interface ServerInfo extends ServingOkq {
  version: string;
}

export interface SnapshotRef {
  name: string;
  parts: number;
  bytes: number;
  /** It has everything up to this place in the log. */
  seq: number;
}

/** Log objects, joined. */
export interface SegmentRef {
  name: string;
  bytes: number;
  from: number;
  to: number;
}

/** The object in the log with which an epoch began, kept for a while: see fences.ts. */
export interface Fence {
  epoch: number;
  seq: number;
  /** Not before it was created, by the clock of the object store. */
  atMs: number;
}

/** A standby that cannot reach the serving okq asks it for a sign of life. */
export interface Challenge {
  by: string;
  nonce: string;
}

export interface Manifest {
  /** Grows with every change. */
  version: number;
  /** Random: no two manifests are equal, and a change whose reply was lost can be recognised. */
  write: string;
  epoch: number;
  /** s3://bucket/prefix, as the okq that took over last has it: see serverAt(). */
  store: string;
  /** The lease of the serving okq. Nobody takes over sooner, whatever its own lease is. */
  leaseMs: number;
  server: ServerInfo | null;
  snapshot: SnapshotRef | null;
  /** Ascending, without gaps. */
  segments: SegmentRef[];
  /** Those in front of the first live object. */
  fences: Fence[];
  challenge: Challenge | null;
}

/** What is read in front of the log. */
export interface Base {
  readonly snapshot: SnapshotRef | null;
  readonly segments: readonly SegmentRef[];
}

/** The place of the first log object that is needed. */
export function firstLive({ snapshot, segments }: Base): number {
  return Math.max(segments.at(-1)?.to ?? 0, snapshot?.seq ?? 0) + 1;
}

export const emptyManifest: Manifest = {
  version: 0,
  write: "",
  epoch: 0,
  store: "",
  leaseMs: 0,
  server: null,
  snapshot: null,
  segments: [],
  fences: [],
  challenge: null,
};

export function encodeManifest(manifest: Manifest): Uint8Array {
  return Buffer.from(`${JSON.stringify({ format: FORMAT, ...manifest }, null, 1)}\n`);
}

/** Throws a DamageError, also for the format of a newer okq. `url` is for its message. */
export function parseManifest(body: Uint8Array, url: string): Manifest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw new DamageError(`${url} is damaged: it is not JSON`);
  }
  const { format, ...rest } = (parsed ?? {}) as Record<string, unknown>;
  if (isCount(format) && format > FORMAT) {
    throw new DamageError(`${url} was written by a newer okq: its format is ${format}`);
  }
  if (format !== FORMAT) throw new DamageError(`${url} is damaged: format`);
  for (const [field, isRight] of Object.entries(fields)) {
    if (!isRight(rest[field])) throw new DamageError(`${url} is damaged: ${field}`);
  }
  const manifest = rest as unknown as Manifest;
  if (!isContiguous(manifest)) throw new DamageError(`${url} is damaged: gap between segments`);
  return manifest;
}

/**
 * The okq that serves there; null also if the manifest was copied from another place, because the
 * okq that it names serves that one.
 */
export function serverAt(url: string, { store, server }: Manifest): ServerInfo | null {
  return store === url ? server : null;
}

/** Whether the segments go on behind the snapshot and behind each other. */
export function isContiguous({ snapshot, segments }: Base): boolean {
  let covered = snapshot?.seq ?? 0;
  for (const [index, { from, to }] of segments.entries()) {
    if (to < from || (index === 0 ? from > covered + 1 : from !== covered + 1)) return false;
    covered = to;
  }
  return true;
}

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === "string";
const isFlag: Check = (value) => typeof value === "boolean";
const isTime: Check = (value) => typeof value === "number" && value >= 0;
function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}

const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const shape =
  (checks: Record<string, Check>): Check =>
  (value) =>
    typeof value === "object" &&
    value !== null &&
    Object.entries(checks).every(([key, check]) => check((value as Record<string, unknown>)[key]));

const fields: Record<keyof Manifest, Check> = {
  version: isCount,
  write: isText,
  epoch: (value) => isCount(value) && value <= EPOCH_MAX,
  store: isText,
  leaseMs: isTime,
  server: orNull(
    shape({
      id: isText,
      addr: isText,
      isTls: isFlag,
      certificate: orNull(isText),
      httpAddr: orNull(isText),
      isHttps: isFlag,
      secret: isText,
      sinceMs: isTime,
      version: isText,
    }),
  ),
  snapshot: orNull(shape({ name: isText, parts: isCount, bytes: isCount, seq: isCount })),
  segments: listOf(shape({ name: isText, bytes: isCount, from: isCount, to: isCount })),
  fences: listOf(shape({ epoch: isCount, seq: isCount, atMs: isTime })),
  challenge: orNull(shape({ by: isText, nonce: isText })),
};
