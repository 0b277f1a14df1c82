// Memory for small arguments that came in a large chunk, so that they do not keep all of it.

const SLAB_BYTES = 16 * 1024;
/** About the memory of a view besides its bytes: a million empty arguments are not free. */
export const VIEW_BYTES = 96;

/** Where small arguments of commands in large chunks are copied to, one behind the other. */
let slab: Buffer = Buffer.alloc(0);
let slabAt = 0;

/**
 * The arguments of a command that came in a chunk of that size. If they are a small part of it they
 * are copied, for the command may be under way for long, and views would keep the whole chunk.
 */
export function unpinned(args: Buffer[], chunkBytes: number): Buffer[] {
  let bytes = 0;
  for (const argument of args) bytes += argument.length;
  if ((bytes + args.length * VIEW_BYTES) * 2 > chunkBytes) return args;
  if (slabAt + bytes > slab.length) {
    slab = Buffer.allocUnsafeSlow(Math.max(bytes, SLAB_BYTES));
    slabAt = 0;
  }
  for (let index = 0; index < args.length; index++) {
    const start = slabAt;
    slabAt += args[index]!.copy(slab, start);
    args[index] = slab.subarray(start, slabAt);
  }
  return args;
}
