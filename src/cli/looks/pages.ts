// Lists that okq answers in pages: [next cursor or nil, maps].
import type { Okq } from "../../client/client.ts";
import { arrayIn } from "../../client/reply.ts";
import type { Word } from "../../client/words.ts";
import { Facts, listOf } from "./facts.ts";

/**
 * The pages of a command, each with at least one row, up to `most` rows in all. The command takes
 * COUNT and AFTER in front of the last words. Asks for a page when it is wanted.
 */
export async function* pagesOf(
  okq: Pick<Okq, "call">,
  command: readonly Word[],
  { most = Infinity, pageSize = 100 }: { most?: number; pageSize?: number } = {},
): AsyncGenerator<Facts[], undefined> {
  let left = most;
  let after: Word[] = [];
  while (left > 0) {
    // oxlint-disable-next-line no-await-in-loop -- the next page begins where this one ends
    const reply = await okq.call(...command, ...after, "COUNT", Math.min(pageSize, left));
    const [next = null, rows] = arrayIn(reply);
    const facts = listOf(rows).map((row) => new Facts(row));
    if (facts.length > 0) yield facts;
    left -= facts.length;
    if (!Buffer.isBuffer(next)) return;
    after = ["AFTER", next];
  }
}
