// Memory that small pieces of input are copied to, one after the other. A piece keeps the slab
// that it is in from being freed, so pieces that may be kept for long do not belong here.

export const SLAB_BYTES = 16 * 1024;

let slab: Buffer = Buffer.alloc(0);
let used = 0;

/** A copy of at most SLAB_BYTES bytes, as a view on the slab. */
export function slabCopy(bytes: Buffer): Buffer {
  const piece = slabPiece(bytes.length);
  piece.set(bytes);
  return piece;
}

/** At most SLAB_BYTES bytes of the slab, to be written to. */
export function slabPiece(length: number): Buffer {
  if (used + length > slab.length) {
    slab = Buffer.allocUnsafeSlow(SLAB_BYTES);
    used = 0;
  }
  const start = used;
  used += length;
  return slab.subarray(start, used);
}
