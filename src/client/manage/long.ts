// Commands that work in steps. They may take long, and commands behind them on the same connection
// would wait: so each has a connection of its own, and ends when that is closed.
import type { Reply } from "../reply.ts";
import type { Session } from "../session.ts";
import type { Word } from "../words.ts";

/** Longer than any of them takes. A connection that is dead is found before. */
const LONG_MS_MAX = 86_400_000;

export interface LongOptions {
  /** Ends it. What was done until then is done. Over TLS or a unix socket okq goes on with it. */
  signal?: AbortSignal | undefined;
}

/** Rejects with an OkqError, or with the reason of the signal. */
export async function askLong(
  session: Session,
  words: readonly Word[],
  { signal }: LongOptions,
  repeats: boolean,
): Promise<Reply> {
  const options = { waitMs: LONG_MS_MAX, isInSteps: true, signal, repeats };
  return (await session.wait(() => words, options)).reply;
}
