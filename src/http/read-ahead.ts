// Makes the pieces of a response ahead of its reader: many clients send all of their request before
// they read anything.
import type { Budget } from "../commands/budget.ts";
import { onceOver } from "./once-over.ts";

/** So much is made ahead, if clients have not too much unread. */
const BYTES_MAX = 32 * 1024 * 1024;

/** `gone` aborts when nobody will read the pieces any more. */
export async function* readAhead(
  pieces: AsyncGenerator<Buffer>,
  unsent: Budget,
  gone: AbortSignal,
): AsyncGenerator<Buffer> {
  const made: Buffer[] = [];
  let bytes = 0;
  let isOver = gone.aborted;
  let failure: { error: unknown } | null = null;
  /** Either the maker waits for room, or the reader for a piece. */
  let wake = () => {};
  const change = () => new Promise<void>((resolve) => (wake = resolve));
  const mayGoOn = () => bytes === 0 || (bytes <= BYTES_MAX && !unsent.isFull);
  const add = (size: number) => {
    bytes += size;
    unsent.change(size);
    wake();
  };
  const end = onceOver(gone, () => {
    isOver = true;
    made.length = 0;
    add(-bytes);
  });
  const make = async () => {
    try {
      for await (const piece of pieces) {
        if (isOver) return;
        made.push(piece);
        add(piece.length);
        while (!mayGoOn()) await change();
      }
    } catch (error) {
      failure = { error };
    } finally {
      isOver = true;
      wake();
    }
  };
  void make();
  try {
    for (;;) {
      const piece = made.shift();
      if (piece) {
        add(-piece.length);
        yield piece;
      } else if (isOver) break;
      else await change();
    }
    if (failure) throw (failure as { error: unknown }).error;
  } finally {
    end();
  }
}
