// Commands that okq does in steps, and that may take as long as there are events.
import type { Okq } from "../../client/client.ts";
import { numberIn } from "../../client/reply.ts";
import type { Word } from "../../client/words.ts";

const DAY_MS = 24 * 60 * 60 * 1000;

/** Resolves to the number that okq answers. It may take a day. Not repeated. */
export async function askLong({ session }: Okq, words: Word[]): Promise<number> {
  const { reply } = await session.send(words, { waitMs: DAY_MS });
  return numberIn(reply);
}
