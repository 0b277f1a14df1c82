// Objects with large contents, which are compressed: segments and the parts of snapshots.
//
//    0  four letters that tell what it is
//    4  format, 1 byte
//    5  CRC-32 of the rest, 4 bytes, big-endian
//    9  contents, zstd

import { crc32 } from "node:zlib";
import { DamageError } from "./damage-error.ts";

const FORMAT = 1;
const HEAD_BYTES = 9;
const LEVEL = 1;

export type PackedKind = "okqp" | "okqs";

/** Compresses in another thread. */
export async function pack(kind: PackedKind, contents: Uint8Array): Promise<Uint8Array> {
  const packed = await Bun.zstdCompress(contents as never, { level: LEVEL });
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(kind, 0, "latin1");
  head[4] = FORMAT;
  head.writeUInt32BE(crc32(packed), 5);
  return Buffer.concat([head, packed]);
}

/** Rejects with a DamageError; `url` is for its message. */
export async function unpack(
  kind: PackedKind,
  { buffer, byteOffset, length }: Uint8Array,
  url: string,
): Promise<Uint8Array> {
  const bytes = Buffer.from(buffer, byteOffset, length);
  if (length < HEAD_BYTES || bytes.toString("latin1", 0, 4) !== kind) {
    throw new DamageError(`${url} is damaged: it is another kind of object`);
  }
  if (bytes[4] !== FORMAT) {
    throw new DamageError(`${url} was written by a newer okq: its format is ${bytes[4]}`);
  }
  const packed = bytes.subarray(HEAD_BYTES);
  if (crc32(packed) !== bytes.readUInt32BE(5)) {
    throw new DamageError(`${url} is damaged: its checksum is wrong`);
  }
  try {
    return await Bun.zstdDecompress(packed as never);
  } catch {
    throw new DamageError(`${url} is damaged: it cannot be expanded`);
  }
}
