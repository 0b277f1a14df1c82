// Commands that okq does in steps, and that may take as long as there are events.
import type { Okq } from "../../client/client.ts";
import { askLong } from "../../client/manage/long.ts";
import { numberIn } from "../../client/reply.ts";
import type { Word } from "../../client/words.ts";
import { CommandFailure } from "../command-failure.ts";
import { onEndSignal } from "../terminal/signals.ts";

/**
 * Resolves to the number that okq answers. Not repeated. A signal such as that of Ctrl-C ends the
 * command in okq too, but not over TLS or a unix socket: there okq goes on with it.
 */
export async function countOfLong({ session }: Okq, words: Word[]): Promise<number> {
  const interrupt = new AbortController();
  const stopListening = onEndSignal((exitCode) => {
    interrupt.abort(new CommandFailure("stopped in the middle: a part may be done", exitCode));
  });
  try {
    return numberIn(await askLong(session, words, { signal: interrupt.signal }, false));
  } finally {
    stopListening();
  }
}
