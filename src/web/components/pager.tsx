// Steps through a list by cursors, which stand in the URL. Back is the back of the browser.
import type { Name } from "../name.ts";
import { go, usePlace, withQuery } from "../location.tsx";

export function Pager({ next }: { next: Name | null }) {
  const { query } = usePlace();
  const after = query.get("after");
  if (after === null && next === null) return null;
  return (
    <div class="buttons">
      <button disabled={after === null} onClick={() => go(withQuery({ after: null }))}>
        First page
      </button>
      <button disabled={next === null} onClick={() => go(withQuery({ after: next }))}>
        Next page
      </button>
    </div>
  );
}
