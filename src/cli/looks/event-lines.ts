// All that okq knows of an event, for people.
import { numberIn } from "../../client/reply.ts";
import { bytes, count, duration, plural, time } from "../terminal/figures.ts";
import { printable, printableLines } from "../terminal/printable.ts";
import { bytesOf, type Facts, listOf, pairsOf } from "./facts.ts";
import type { LabelledFact } from "./labelled-lines.ts";

const heldBack: Record<string, string> = {
  paused: "the queue is paused",
  "max-claimed": "as many events of the queue are claimed as may be",
  rate: "the rate of the queue",
  "group-paused": "its group is paused",
  "group-limit": "as many events of its group are claimed as may be",
  "group-rate": "the rate of its group",
};

export interface EventTextOptions {
  /** In seconds since 1970, by the clock of okq. */
  now: number;
  /** Of larger contents only so many bytes are shown. */
  contentsMax: number;
}

export function eventFacts(
  queue: string,
  event: Facts,
  { now, contentsMax }: EventTextOptions,
): LabelledFact[] {
  const moment = (name: string) => {
    const at = event.number(name);
    return at === null ? undefined : `${time(at)} (${distance(at - now)})`;
  };
  const value = (name: string) => (event.has(name) ? event.bytes(name) : undefined);
  const lines = (name: string) => (event.has(name) ? printableLines(event.bytes(name)) : undefined);
  const errors = event.list("errors");
  const reason = event.text("held-back-by");
  return [
    ["queue", queue],
    ["id", value("id")],
    ["state", value("state")],
    ["cancelled", event.count("cancelled") === 1 ? "its consumer is asked to stop" : undefined],
    ["held back by", reason === "" ? undefined : (heldBack[reason] ?? reason)],
    ["attempts", attempts(event)],
    ["priority", event.count("priority") === 0 ? undefined : String(event.count("priority"))],
    ["group", value("group")],
    ["unique key", value("unique")],
    ["pushed", moment("pushed-at")],
    ["due", moment("due-at")],
    ["claimed", moment("claimed-at")],
    ["lease ends", moment("lease-ends-at")],
    ["worker", value("worker")],
    [
      "client",
      event.has("client") ? `${event.text("client")} of okq ${event.text("okq")}` : undefined,
    ],
    ["ended", moment("ended-at")],
    ["expires", moment("expires-at")],
    ...headerFacts(event),
    ["progress", lines("progress")],
    ["result", lines("result")],
    ["last error", errors.length > 0 ? undefined : lines("last-error")],
    ...errors.map((error) => errorFact(error)),
    ...event.list("log").map((line): LabelledFact => ["log", bytesOf(line)]),
    ...contentsFacts(event, contentsMax),
  ];
}

function contentsFacts(event: Facts, most: number): LabelledFact[] {
  if (!event.has("contents")) return [];
  const all = event.bytes("contents");
  if (all.length <= most) return [["contents", printableLines(all)]];
  const note = `${bytes(all.length)} in all, of which ${bytes(most)} are shown: see --raw`;
  return [
    ["contents", printableLines(all.subarray(0, most))],
    ["", note],
  ];
}

/** "4m ago" or "in 4m". */
function distance(seconds: number): string {
  return seconds < 0 ? `${duration(-seconds)} ago` : `in ${duration(seconds)}`;
}

function attempts(event: Facts): string {
  const [all, failures, crashes] = ["attempts", "failures", "crashes"].map((name) =>
    event.count(name),
  ) as [number, number, number];
  const most = event.count("max-attempts");
  const of = most > 0 ? ` of ${count(most)}` : "";
  if (failures + crashes === 0) return `${count(all)}${of}`;
  const crashed = crashes === 1 ? "1 crash" : `${count(crashes)} crashes`;
  return `${count(all)}${of} (${plural(failures, "failure")}, ${crashed})`;
}

function headerFacts(event: Facts): LabelledFact[] {
  return pairsOf(event.list("headers")).map(([name, value]) => [
    "header",
    `${printable(name)}: ${printable(value)}`,
  ]);
}

function errorFact(error: Parameters<typeof listOf>[0]): LabelledFact {
  const [at = null, attempt = null, text] = listOf(error);
  const start = `${time(numberIn(at))}, attempt ${numberIn(attempt)}`;
  const [first = "", ...rest] = printableLines(bytesOf(text));
  return ["error", [`${start}: ${first}`, ...rest]];
}
