// Restricts a page to one queue, whose name stands in the URL.
import { go, usePlace, withQuery } from "../location.tsx";
import { type Name, nameOf, shown, textOfName } from "../name.ts";
import { SearchBox } from "./search-box.tsx";

/** null: all queues. */
export function queueIn(query: URLSearchParams): Name | null {
  return query.get("queue") as Name | null;
}

export function QueueFilter({ label }: { label: string }) {
  const queue = queueIn(usePlace().query);
  const change = (text: string) =>
    go(withQuery({ queue: text === "" ? null : nameOf(text), after: null }), "replace");
  return (
    <div class="filter">
      <SearchBox
        label={label}
        value={queue === null ? "" : (textOfName(queue) ?? shown(queue))}
        onChange={change}
      />
    </div>
  );
}
