// What stands in the place of data: it loads, it failed.
import type { ComponentChildren } from "preact";
import type { Answer } from "../use-answer.ts";

/** The answer as `children` show it. An error stands above the last answer. */
export function Shown<T>({
  answer: { value, error },
  children,
}: {
  answer: Answer<T>;
  children(value: T): ComponentChildren;
}) {
  return (
    <>
      {error && error.status !== 0 && (
        <p class="problem" role="alert">
          {error.message}
        </p>
      )}
      {value !== null ? children(value) : !error && <p class="empty">Loading…</p>}
    </>
  );
}
