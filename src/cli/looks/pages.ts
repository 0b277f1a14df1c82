// Lists that okq answers in pages: [next cursor or nil, maps].
import type { Okq } from "../../client/client.ts";
import { arrayIn } from "../../client/reply.ts";
import type { Word } from "../../client/words.ts";
import { Facts, listOf } from "./facts.ts";

/** The first page comes soon, later ones take few round trips. */
const ROWS_FIRST = 100;
const ROWS_MAX = 1000;

/**
 * The pages of a command that takes COUNT and AFTER, each with at least one row, up to `most` rows
 * in all. Asks for a page when it is wanted.
 */
export async function* pagesOf(
  okq: Pick<Okq, "call">,
  command: readonly Word[],
  most = Infinity,
): AsyncGenerator<Facts[], undefined> {
  let left = most;
  let after: Word[] = [];
  for (let size = ROWS_FIRST; left > 0; size = Math.min(2 * size, ROWS_MAX)) {
    // oxlint-disable-next-line no-await-in-loop -- the next page begins where this one ends
    const reply = await okq.call(...command, ...after, "COUNT", Math.min(size, left));
    const [next = null, rows] = arrayIn(reply);
    const facts = listOf(rows).map((row) => new Facts(row));
    if (facts.length > 0) yield facts;
    left -= facts.length;
    if (!Buffer.isBuffer(next)) return;
    after = ["AFTER", next];
  }
}
