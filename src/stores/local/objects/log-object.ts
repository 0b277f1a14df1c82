// One object of the log: a head of 40 bytes and a compressed body.
//
//    0  "okql"
//    4  format, 1 byte
//    5  kind, 1 byte: 1 changes, 2 fence
//    6  0, 2 bytes
//    8  epoch, 4 bytes
//   12  place in the log (seq), 8 bytes
//   20  write id, 16 random bytes
//   36  CRC-32 of everything else
//   40  body, zstd; nothing in a fence
//
// Numbers are big-endian.

import { crc32 } from "node:zlib";
import { DamageError } from "./damage-error.ts";

const MAGIC = "okql";
const FORMAT = 1;
const CRC_AT = 36;
const HEAD_BYTES = 40;
const kinds = ["changes", "fence"] as const;
/** Larger bodies are compressed in another thread. */
const INLINE_BYTES_MAX = 64 * 1024;
const LEVEL = 1;

export interface LogHead {
  kind: (typeof kinds)[number];
  epoch: number;
  seq: number;
  /** 32 digits of hex. */
  write: string;
}

export interface LogObject extends LogHead {
  body: Uint8Array;
}

export function newWriteId(): string {
  return crypto.randomUUID().replaceAll("-", "");
}

export async function encodeLogObject(object: LogObject): Promise<Uint8Array> {
  const { kind, epoch, seq, write } = object;
  const body = await compressed(object.body);
  const encoded = Buffer.alloc(HEAD_BYTES + body.length);
  encoded.write(MAGIC, 0, "latin1");
  encoded[4] = FORMAT;
  encoded[5] = kinds.indexOf(kind) + 1;
  encoded.writeUInt32BE(epoch, 8);
  encoded.writeBigUInt64BE(BigInt(seq), 12);
  encoded.write(write, 20, "hex");
  encoded.set(body, HEAD_BYTES);
  encoded.writeUInt32BE(checksum(encoded), CRC_AT);
  return encoded;
}

/** Rejects with a DamageError; `url` is for its message. */
export async function decodeLogObject(stored: Uint8Array, url: string): Promise<LogObject> {
  const head = decodeLogHead(stored, url);
  try {
    return { ...head, body: await expanded(stored.subarray(HEAD_BYTES)) };
  } catch {
    throw new DamageError(`${url} is damaged: its body cannot be expanded`);
  }
}

/** Checks the whole object. Throws a DamageError; `url` is for its message. */
export function decodeLogHead(stored: Uint8Array, url: string): LogHead {
  const bytes = Buffer.from(stored.buffer, stored.byteOffset, stored.byteLength);
  if (bytes.length < HEAD_BYTES || bytes.toString("latin1", 0, 4) !== MAGIC) {
    throw new DamageError(`${url} is damaged: it is no object of a log`);
  }
  if (bytes[4]! > FORMAT) {
    throw new DamageError(`${url} was written by a newer okq: its format is ${bytes[4]}`);
  }
  if (checksum(bytes) !== bytes.readUInt32BE(CRC_AT)) {
    throw new DamageError(`${url} is damaged: its checksum is wrong`);
  }
  const kind = kinds[bytes[5]! - 1];
  if (kind === undefined) throw new DamageError(`${url} is damaged: it has no known kind`);
  return {
    kind,
    epoch: bytes.readUInt32BE(8),
    seq: Number(bytes.readBigUInt64BE(12)),
    write: bytes.toString("hex", 20, CRC_AT),
  };
}

function checksum(encoded: Uint8Array): number {
  return crc32(encoded.subarray(HEAD_BYTES), crc32(encoded.subarray(0, CRC_AT)));
}

function compressed(body: Uint8Array): Uint8Array | Promise<Uint8Array> {
  if (body.length === 0) return body;
  const options = { level: LEVEL };
  if (body.length > INLINE_BYTES_MAX) return Bun.zstdCompress(body as never, options);
  return Bun.zstdCompressSync(body as never, options);
}

function expanded(body: Uint8Array): Uint8Array | Promise<Uint8Array> {
  if (body.length === 0) return body;
  if (body.length > INLINE_BYTES_MAX) return Bun.zstdDecompress(body as never);
  return Bun.zstdDecompressSync(body as never);
}
