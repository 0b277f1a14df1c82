// A value that parts of the page show, and that they draw again when it changes.
import { useEffect, useState } from "preact/hooks";

export class Observed<T> {
  readonly #listeners = new Set<() => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  get value(): T {
    return this.#value;
  }

  set value(value: T) {
    if (Object.is(value, this.#value)) return;
    this.#value = value;
    for (const listener of this.#listeners) listener();
  }

  /** Returns a function that ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }
}

/** The value now; the component is drawn again when it changes. */
export function useObserved<T>(observed: Observed<T>): T {
  const [, draw] = useState<unknown>(null);
  useEffect(() => {
    // It may have changed since the component was drawn.
    draw({});
    return observed.listen(() => draw({}));
  }, [observed]);
  return observed.value;
}
