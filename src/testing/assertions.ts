// What a test asserts of events, with messages that show what there was instead.
import { AssertionError } from "node:assert";
import type { EndedEvent, Happening, PushedEvent } from "./events.ts";
import { differences, shown } from "./partial-match.ts";

/** A message shows no more events than this. */
const SHOWN_MAX = 10;

/** Fields of an event that was pushed, as far as they matter: see differences(). */
export interface PartOfPushed {
  id?: string | RegExp;
  contents?: unknown;
  headers?: Record<string, string | RegExp>;
  /** The queue from which it came. */
  from?: string;
}

/** The events that fit, in order. Throws an AssertionError if there is none. */
export function assertPushed<T>(
  queue: string,
  pushed: PushedEvent<T>[],
  part: PartOfPushed,
): PushedEvent<T>[] {
  const fitting = pushed.filter((event) => differences(event, part).length === 0);
  if (fitting.length > 0) return fitting;
  if (pushed.length === 0) return fail(`nothing was pushed to ${quoted(queue)}`, [], part);
  const compared = pushed.map((event) => ({ event, wrong: differences(event, part) }));
  const lines = compared.map(({ event, wrong }) => `${eventText(event)}\n     ${wrong.join("; ")}`);
  const message = `no event of ${quoted(queue)} has ${shown(part)}. ${listed("Pushed", lines)}`;
  return fail(message, pushed, part);
}

export function assertNotPushed(
  queue: string,
  pushed: PushedEvent<unknown>[],
  part: PartOfPushed,
): void {
  const fitting = pushed.filter((event) => differences(event, part).length === 0);
  if (fitting.length === 0) return;
  const which = Object.keys(part).length > 0 ? ` with ${shown(part)}` : "";
  const lines = fitting.map(eventText);
  fail(
    `expected no event${which} in ${quoted(queue)}. ${listed("Pushed", lines)}`,
    fitting,
    undefined,
  );
}

/** How the event ended. Throws an AssertionError that tells what became of it if it did not so. */
export function assertEnded(
  { queue, id }: { queue: string; id: string },
  outcome: EndedEvent["outcome"],
  ended: EndedEvent[],
  happened: Happening[],
): EndedEvent {
  const own = ended.findLast((event) => event.id === id);
  if (own?.outcome === outcome) return own;
  const event = `event ${shown(id)} of ${quoted(queue)}`;
  const lines = happened.filter((each) => each.id === id).map(happeningText);
  if (lines.length === 0) {
    const others = happened.filter(({ what }) => what === "pushed").map((each) => shown(each.id));
    return fail(`${event} was never there. ${listed("Pushed", others)}`, undefined, outcome);
  }
  const state = own ? `is ${own.outcome}` : "has not ended";
  const message = `${event} ${state}, not ${outcome}. ${listed("It was", lines)}`;
  return fail(message, own?.outcome, outcome);
}

/** What the consumer said when it failed. */
export function assertReason(queue: string, event: EndedEvent, reason: string | RegExp): void {
  const wrong = differences(event.error ?? "", reason, "the reason");
  if (wrong.length === 0) return;
  const subject = `event ${shown(event.id)} of ${quoted(queue)} failed otherwise`;
  fail(`${subject}: ${wrong.join("; ")}`, event.error, reason);
}

export function fail(message: string, actual: unknown, expected: unknown): never {
  throw new AssertionError({ message, actual, expected, operator: "okq", stackStartFn: fail });
}

export function quoted(queue: string): string {
  return JSON.stringify(queue);
}

function listed(what: string, lines: string[]): string {
  if (lines.length === 0) return `${what}: nothing`;
  const first = lines.slice(0, SHOWN_MAX).map((line, at) => `\n  ${at + 1}. ${line}`);
  const left = lines.length - first.length;
  return `${what}:${first.join("")}${left > 0 ? `\n  and ${left} more` : ""}`;
}

function eventText({ id, contents, headers }: PushedEvent<unknown>): string {
  return shown({ id, contents, ...(Object.keys(headers).length > 0 && { headers }) });
}

function happeningText({ what, at, attempt, worker, error, isFinal }: Happening): string {
  const facts = { attempt, worker, error, isFinal };
  const known = Object.entries(facts).filter(([, value]) => value !== undefined);
  const more = known.length > 0 ? ` ${shown(Object.fromEntries(known))}` : "";
  return `${what} at ${at.toISOString()}${more}`;
}
