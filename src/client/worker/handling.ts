// From the handler of a user, with its middleware and the trace around it, to an outcome for each
// event. Whatever a handler does, there is one.
import { inspect } from "node:util";
import type { Trace } from "../trace.ts";
import type { Job } from "./claim.ts";
import { type Middleware, wrapped } from "./middleware.ts";
import { done, type Outcome, outcomeOf } from "./outcomes.ts";
import type { Run } from "./run.ts";

export type Handler<T> = (event: Job<T>, signal: AbortSignal) => unknown;

/**
 * - nothing: all events are done
 * - an outcome: that of each event
 * - a list: for each event, in their order, what a handler of it alone would return, or a promise
 * - a map: the same by event or id; events that are not in it are done; with another key all fail
 */
export type BatchHandler<T> = (events: Job<T>[], signal: AbortSignal) => unknown;

/** The outcome of each event, or what the handler threw. */
export type Verdict = Outcome | Thrown;

export class Thrown {
  readonly error: unknown;
  constructor(error: unknown) {
    this.error = error;
  }
}

/** Never rejects. */
export type Handling = (run: Run) => Promise<Verdict[]>;

export function handlingOfOne<T>(
  handler: Handler<T>,
  middleware: readonly Middleware<Job<T>>[],
  trace: Trace | undefined,
): Handling {
  const handle = wrapped((job: Job<T>) => handler(job, job.signal), middleware);
  return async ({ claims }) => {
    const job = claims[0]!.job as Job<T>;
    try {
      const work = () => handle(job);
      const returned = await (trace ? trace.run(job.headers, work) : work());
      return [verdictOf(returned)];
    } catch (error) {
      return [new Thrown(error)];
    }
  };
}

/** A batch has events of several traces, so it runs in none. */
export function handlingOfBatch<T>(
  handler: BatchHandler<T>,
  middleware: readonly Middleware<Job<T>[]>[],
): Handling {
  return async (run) => {
    const jobs = run.claims.map(({ job }) => job as Job<T>);
    try {
      const handle = wrapped((given: Job<T>[]) => handler(given, run.signal), middleware);
      return await verdictsOf(await handle(jobs), jobs);
    } catch (error) {
      return jobs.map(() => new Thrown(error));
    }
  };
}

/** Throws if the handler's answer does not say what became of each event. */
async function verdictsOf<T>(returned: unknown, jobs: readonly Job<T>[]): Promise<Verdict[]> {
  if (returned === undefined) return jobs.map(() => done());
  if (returned instanceof Map) {
    checkKeys(returned, jobs);
    return await settled(jobs.map((job) => returned.get(job) ?? returned.get(job.id)));
  }
  if (!Array.isArray(returned)) {
    const outcome = verdictOf(returned);
    if (outcome !== returned) throw new TypeError("a batch handler returned no outcome");
    return jobs.map(() => outcome);
  }
  if (returned.length === jobs.length) return await settled(returned);
  throw new TypeError(`a batch handler returned ${returned.length} outcomes for ${jobs.length}`);
}

/** An outcome for a wrong id would be lost, and its event done. */
function checkKeys<T>(outcomes: ReadonlyMap<unknown, unknown>, jobs: readonly Job<T>[]): void {
  const known = new Set<unknown>(jobs.flatMap((job) => [job, job.id]));
  const unknown = [...outcomes.keys()].find((key) => !known.has(key));
  if (unknown === undefined) return;
  throw new TypeError(
    `a batch handler returned an outcome for no event of it: ${inspect(unknown)}`,
  );
}

async function settled(values: unknown[]): Promise<Verdict[]> {
  const results = await Promise.allSettled(values);
  return results.map((result) =>
    result.status === "fulfilled" ? verdictOf(result.value) : new Thrown(result.reason),
  );
}

/** An error that is returned is not taken for a result. */
function verdictOf(returned: unknown): Verdict {
  return returned instanceof Error ? new Thrown(returned) : outcomeOf(returned);
}
