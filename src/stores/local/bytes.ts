// Bytes as the local store keeps them: latin1 text, one character per byte, or long ones as they
// came.

/** A buffer of its own costs some 200 bytes; decoding and encoding costs by the byte. */
const keptAsBufferBytesMin = 4096;

/** What Buffer's toString and write call for latin1, without a look at the encoding first. */
type Latin1Buffer = Buffer & { latin1Slice(): string; latin1Write(text: string): number };

export function toText(bytes: Buffer): string {
  return (bytes as Latin1Buffer).latin1Slice();
}

export function textOrNull(bytes: Buffer | null): string | null {
  return bytes === null ? null : toText(bytes);
}

/** Keeps long contents as the buffer they came in, unless that is a small part of its memory. */
export function toKept(contents: Buffer): string | Buffer {
  if (contents.length < keptAsBufferBytesMin) return toText(contents);
  return contents.length * 2 > contents.buffer.byteLength ? contents : Buffer.from(contents);
}

export function toBytes(text: string): Buffer {
  // Half the time of Buffer.from.
  const bytes = Buffer.allocUnsafe(text.length);
  (bytes as Latin1Buffer).latin1Write(text);
  return bytes;
}

export function bytesOrNull(text: string | null): Buffer | null {
  return text === null ? null : toBytes(text);
}

export function contentsToBytes(contents: string | Buffer): Buffer {
  return typeof contents === "string" ? toBytes(contents) : contents;
}
