// The fields by which the events of a queue are searched.
import { useEffect, useState } from "preact/hooks";
import { SEARCHED } from "../event-search.ts";
import { go, Link, usePlace, withQuery } from "../location.tsx";
import { type Name, nameOf } from "../name.ts";
import { SearchBox } from "./search-box.tsx";

const labels = {
  match: "Id",
  error: "Last error",
  contains: "Contents contain",
  header: "Header",
  value: "Value of the header",
  group: "Group",
};

export function EventSearchForm({ queue }: { queue: Name }) {
  const { query } = usePlace();
  const isUsed = SEARCHED.some((name) => query.has(name));
  const [isOpen, setOpen] = useState(isUsed);
  // A link may have begun a search.
  useEffect(() => {
    if (isUsed) setOpen(true);
  }, [isUsed]);
  const id = query.get("match");
  const clear = Object.fromEntries(SEARCHED.map((name) => [name, null]));
  return (
    <details open={isOpen} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>Search{isUsed && <span class="badge">on</span>}</summary>
      <div class="fields" role="search">
        {(Object.keys(labels) as (keyof typeof labels)[]).map((name) => (
          <SearchBox
            key={name}
            label={labels[name]}
            value={query.get(name) ?? ""}
            onChange={(text) => go(withQuery({ [name]: text, after: null }), "replace")}
          />
        ))}
      </div>
      <p class="soft hint">
        Id, error and header value: * stands for anything, and a text without * is found anywhere in
        it. All fields have to fit.{" "}
        {isUsed && (
          <button class="quiet" onClick={() => go(withQuery({ ...clear, after: null }))}>
            Clear the search
          </button>
        )}
        {id && <Link to={`/queues/${queue}/events/${nameOf(id)}`}>Open the event of this id</Link>}
      </p>
    </details>
  );
}
