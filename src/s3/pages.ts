// A whole list of objects, page by page.
import type { Bucket, ListedPage } from "./bucket.ts";

/** The objects whose names begin with the prefix and come behind `after`, ascending. */
export async function* pagesOf(
  bucket: Bucket,
  prefix: string,
  after = "",
): AsyncGenerator<ListedPage, void> {
  for (let last = after, isLast = false; !isLast;) {
    const page = await bucket.list(prefix, last);
    yield page;
    last = page.objects.at(-1)?.name ?? last;
    ({ isLast } = page);
  }
}
