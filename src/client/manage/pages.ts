// Long lists, page by page.
import { arrayIn, type Reply, textIn } from "../reply.ts";
import type { Word } from "../words.ts";
import { optionWords } from "./selection.ts";

/** A page may be short, or empty: only a `next` of null is the end. */
export interface Page<Item> {
  items: Item[];
  /** Give it to `after` for the next page. */
  next: string | null;
}

export interface PageOptions {
  /** At most so many items, up to 1,000 (100). */
  pageSize?: number | undefined;
  /** `next` of the page before. */
  after?: string | undefined;
}

export function pageWords({ pageSize, after }: PageOptions): Word[] {
  return [...optionWords("COUNT", pageSize), ...optionWords("AFTER", after)];
}

/** A page of a reply of the form [next cursor or nil, items]. */
export function pageOf<Item>(reply: Reply, itemOf: (reply: Reply) => Item): Page<Item> {
  const [next = null, items] = arrayIn(reply);
  return { items: arrayIn(items).map(itemOf), next: next === null ? null : textIn(next) };
}

/** All items, from that page on. */
export async function* itemsOf<Item>(
  { after }: PageOptions,
  pageAfter: (after: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<Item, void, undefined> {
  let next: string | null | undefined = after;
  do {
    const page: Page<Item> = await pageAfter(next ?? undefined);
    yield* page.items;
    next = page.next;
  } while (next !== null);
}
