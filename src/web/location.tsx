// Where in the dashboard the browser is. Every place has a URL of its own, below the root at which
// okq is reached.
import type { ComponentChildren } from "preact";
import { Observed, useObserved } from "./observed.ts";

/** Like "/" or, behind a proxy, "/okq/". */
const root = document.querySelector<HTMLMetaElement>('meta[name="okq-root"]')!.content;

export interface Place {
  /** Begins with a slash; percent-encoded. */
  path: string;
  query: URLSearchParams;
}

function here(): Place {
  const { pathname, search } = window.location;
  return { path: pathname.slice(root.length - 1), query: new URLSearchParams(search) };
}

const place = new Observed(here());
window.addEventListener("popstate", () => (place.value = here()));

export function usePlace(): Place {
  return useObserved(place);
}

/** The URL of a path of okq: of the API or of the dashboard. */
export function urlOf(path: string): string {
  return root + path.slice(1);
}

/** `replace`: without a step back to here. */
export function go(to: string, how: "push" | "replace" = "push"): void {
  const from = place.value.path;
  if (how === "push") history.pushState(null, "", urlOf(to));
  else history.replaceState(null, "", urlOf(to));
  place.value = here();
  if (place.value.path !== from) {
    window.scrollTo(0, 0);
    // Those who do not see the page hear that it is another one.
    document.querySelector<HTMLElement>("main")?.focus({ preventScroll: true });
  }
}

/** The path of this place with other values in its query: "" and null take one away. */
export function withQuery(values: Record<string, string | null>): string {
  const { path, query } = place.value;
  const changed = new URLSearchParams(query);
  for (const [name, value] of Object.entries(values)) {
    if (value) changed.set(name, value);
    else changed.delete(name);
  }
  return changed.size > 0 ? `${path}?${changed}` : path;
}

interface LinkProps {
  to: string;
  class?: string;
  "aria-current"?: "page" | "true";
  children: ComponentChildren;
}

/** A link within the dashboard. */
export function Link({ to, children, ...rest }: LinkProps) {
  const follow = (event: MouseEvent) => {
    const isPlain = event.button === 0 && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (!isPlain || event.altKey) return;
    event.preventDefault();
    go(to);
  };
  return (
    <a href={urlOf(to)} onClick={follow} {...rest}>
      {children}
    </a>
  );
}
