// The columns of a list of events.
import { count, duration, NONE } from "../terminal/figures.ts";
import type { Column } from "../terminal/table.ts";
import type { Facts } from "./facts.ts";

/** A UUID is not cut, so that it can be copied. */
const ID_COLUMNS = 36;
/** Of contents and errors at least so much is shown. */
const TEXT_COLUMNS = 24;
const NOTHING = Buffer.from(NONE);

function bytesOrNone(facts: Facts, name: string): Buffer {
  return facts.has(name) ? facts.bytes(name) : NOTHING;
}

/** When something happens to the event next, or happened last: `now` is the time of okq. */
function when(facts: Facts, now: number): string {
  const at = (name: string) => facts.number(name) ?? now;
  switch (facts.text("state")) {
    case "delayed":
      return `in ${duration(Math.max(0, at("due-at") - now))}`;
    case "claimed":
      return `${duration(Math.max(0, at("lease-ends-at") - now))} left`;
    case "failed":
    case "completed":
      return `${duration(Math.max(0, now - at("ended-at")))} ago`;
    default:
      return NONE;
  }
}

const stateColours = { claimed: "cyan", failed: "red", completed: "green" } as const;

/** `now` in seconds since 1970, by the clock of okq. */
export function eventColumns(now: () => number, withContents: boolean): Column<Facts>[] {
  return [
    { title: "ID", of: (event) => event.bytes("id"), least: ID_COLUMNS },
    {
      title: "STATE",
      of: (event) => event.bytes("state"),
      colour: (event) => stateColours[event.text("state") as keyof typeof stateColours],
    },
    {
      title: "AGE",
      of: (event) => duration(Math.max(0, now() - event.count("pushed-at"))),
      side: "right",
    },
    { title: "WHEN", of: (event) => when(event, now()), side: "right", dispensable: 1 },
    {
      title: "ATTEMPTS",
      of: (event) => count(event.count("attempts")),
      side: "right",
      dispensable: 2,
    },
    {
      title: "PRIORITY",
      of: (event) => String(event.count("priority")),
      side: "right",
      dispensable: 5,
    },
    { title: "GROUP", of: (event) => bytesOrNone(event, "group"), least: 8, dispensable: 4 },
    { title: "WORKER", of: (event) => bytesOrNone(event, "worker"), least: 8, dispensable: 3 },
    {
      title: "ERROR",
      of: (event) => bytesOrNone(event, "last-error"),
      least: TEXT_COLUMNS,
      ...(withContents && { dispensable: 6 }),
    },
    ...(withContents ? [{ title: "CONTENTS", of: contents, least: TEXT_COLUMNS }] : []),
  ];
}

function contents(event: Facts): Buffer {
  return event.bytes("contents");
}
