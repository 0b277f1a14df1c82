// Splits work into steps of a bounded length.
/** All of them in their order, in lists of at most that length. None for an empty list. */
export function slicesOf<T>(all: readonly T[], length: number): T[][] {
  const slices: T[][] = [];
  for (let at = 0; at < all.length; at += length) slices.push(all.slice(at, at + length));
  return slices;
}
