// Small arguments that came in a large chunk get other memory, so that they do not keep all of it.
import { SLAB_BYTES, slabCopy } from "./slab.ts";

/** About the memory of a view besides its bytes: a million empty arguments are not free. */
export const VIEW_BYTES = 96;

/**
 * The arguments of a command that came in a chunk of that size. If they are a small part of it they
 * are copied, because the command may be in flight for long, and views would keep the whole chunk.
 */
export function unpinned(args: Buffer[], chunkBytes: number): Buffer[] {
  let bytes = 0;
  for (const argument of args) bytes += argument.length;
  if ((bytes + args.length * VIEW_BYTES) * 2 > chunkBytes) return args;
  return args.map((argument) =>
    argument.length <= SLAB_BYTES ? slabCopy(argument) : Buffer.from(argument),
  );
}
