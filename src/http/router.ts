// Finds the route of a request.
import type { Method, Route } from "./route.ts";
import { bytesOf } from "./query.ts";
import { Problem } from "./problem.ts";

interface Found {
  route: Route;
  /** The parameters of the path, as bytes. */
  path: Map<string, Buffer>;
}

export class Router {
  /** By the number of segments. */
  readonly #routes = new Map<number, { route: Route; segments: string[] }[]>();

  constructor(routes: readonly Route[]) {
    for (const route of routes) {
      const segments = route.path.split("/").slice(1);
      const same = this.#routes.get(segments.length) ?? [];
      same.push({ route, segments });
      this.#routes.set(segments.length, same);
    }
  }

  /** null: there is no such path. Throws a Problem if it has other methods only. */
  find(method: string, pathname: string): Found | null {
    const given = pathname.split("/").slice(1);
    const fitting = (this.#routes.get(given.length) ?? []).filter(({ segments }) =>
      segments.every((segment, at) => isParameter(segment) || segment === given[at]),
    );
    if (fitting.length === 0) return null;
    const found = fitting.find(({ route }) => route.method === method);
    if (!found) throw wrongMethod(fitting.map(({ route }) => route.method));
    const path = new Map<string, Buffer>();
    for (const [at, segment] of found.segments.entries()) {
      if (!isParameter(segment)) continue;
      const name = segment.slice(1, -1);
      // The names . and .. come as nothing, also percent-encoded: URLs know no such names.
      if (given[at] === "") throw new Problem(400, `${name} is empty in the path, or . or ..`);
      path.set(name, bytesOf(given[at]!, "the path"));
    }
    return { route: found.route, path };
  }
}

function wrongMethod(methods: Method[]): Problem {
  const allow = [...new Set(methods)].join(", ");
  return new Problem(405, `use ${allow}`, null, { Allow: allow });
}

function isParameter(segment: string): boolean {
  return segment.startsWith("{");
}
