// Functions around a handler, as in Koa: the first is the outermost.

/**
 * `next` runs what is inside, once, and resolves to what it returned. A middleware that returns
 * something decides the outcome. If it returns nothing, the outcome is that of the inside, also its
 * error: so an event is never done because somebody forgot to await or return. Who returns nothing
 * must have called next().
 */
export type Middleware<Given> = (given: Given, next: () => Promise<unknown>) => unknown;

export type Handle<Given> = (given: Given) => Promise<unknown>;

/** A handler that runs the middleware around that one. */
export function wrapped<Given>(
  handle: (given: Given) => unknown,
  middleware: readonly Middleware<Given>[],
): Handle<Given> {
  const innermost: Handle<Given> = async (given) => await handle(given);
  return middleware.reduceRight<Handle<Given>>((inner, outer) => around(outer, inner), innermost);
}

const CALLED = "a middleware called next()";

function around<Given>(outer: Middleware<Given>, inner: Handle<Given>): Handle<Given> {
  return async (given) => {
    let inside: Promise<unknown> | null = null;
    let isOver = false;
    const next = () => {
      const why = inside ? "twice" : isOver ? "after its end" : null;
      const begun = why === null ? inner(given) : Promise.reject(new Error(`${CALLED} ${why}`));
      inside ??= begun;
      // The middleware may not look at it.
      begun.catch(() => {});
      return begun;
    };
    const returned = await outer(given, next);
    isOver = true;
    if (returned === undefined) {
      if (!inside) throw new Error("a middleware returned nothing and did not call next()");
      return await inside;
    }
    // The work inside belongs to the event even if the middleware did not wait for it.
    await Promise.allSettled([inside]);
    return returned;
  };
}
