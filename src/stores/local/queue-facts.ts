// What a journal keeps of a queue besides its events: its settings, pauses, bindings and figures,
// as text.
import type { GivenSettings } from "../../queue/settings.ts";
import { Figures } from "./figures.ts";
import { HandedOut, type WrittenCounts } from "./handed-out.ts";
import { LocalHistory, type WrittenHistory } from "./history.ts";
import { readStream, type WrittenStream, writtenStream } from "./stream.ts";
import { type LocalQueue, NO_SETTINGS, type Pauses } from "./local-queue.ts";

/** JSON has no Infinity. */
type Until = number | "ever" | null;

interface Facts {
  given?: Record<string, string>;
  in?: Until;
  out?: Until;
  workers?: [worker: string, until: Until][];
  bindings?: readonly string[];
  totals?: number[];
  waits?: [bucket: number, times: number][];
  runs?: [bucket: number, times: number][];
  history?: WrittenHistory;
  handedOut?: WrittenCounts;
  stream?: WrittenStream;
  list?: true;
}

/** null if there is nothing to keep. `last`: the highest number that was given to anything. */
export function encodeFacts(queue: LocalQueue, last: number): string | null {
  const { given, pauses, bindings, figures, history, stream, isList } = queue;
  const counts = queue.handedOut?.written ?? null;
  const isOfKind = stream !== null || isList;
  const isSet = given.size > 0 || pauses !== null || bindings !== null || isOfKind;
  if (!isSet && figures === null && counts === null) return null;
  const facts: Facts = { given: Object.fromEntries(given) };
  if (pauses) {
    facts.in = written(pauses.in);
    facts.out = written(pauses.out);
    facts.workers = [...pauses.workers].map(([worker, until]) => [worker, written(until)]);
  }
  if (bindings) facts.bindings = bindings;
  if (figures) {
    const { totals, waits, runs } = figures.counts;
    Object.assign(facts, { totals, waits: [...waits], runs: [...runs] });
  }
  if (history) facts.history = history.written;
  if (counts !== null) facts.handedOut = counts;
  if (stream !== null) facts.stream = writtenStream(stream, last);
  if (isList) facts.list = true;
  return JSON.stringify(facts);
}

export type QueueFacts = Pick<
  LocalQueue,
  "given" | "pauses" | "bindings" | "figures" | "history" | "handedOut" | "stream" | "isList"
>;

export function decodeFacts(text: string): QueueFacts {
  const facts = JSON.parse(text) as Facts;
  const workers = (facts.workers ?? []).map(([worker, until]) => [worker, read(until)!] as const);
  const pauses: Pauses = { in: read(facts.in), out: read(facts.out), workers: new Map(workers) };
  const { totals, waits, runs } = facts;
  const counts = totals && { totals, waits: new Map(waits), runs: new Map(runs) };
  return {
    given: decodeSettings(facts.given),
    pauses: isEmpty(pauses) ? null : pauses,
    bindings: facts.bindings ?? null,
    figures: counts ? new Figures(counts) : null,
    history: facts.history ? LocalHistory.restored(facts.history) : null,
    handedOut: facts.handedOut ? new HandedOut(true, facts.handedOut) : null,
    stream: facts.stream ? readStream(facts.stream) : null,
    isList: facts.list ?? false,
  };
}

export function encodeSettings(given: GivenSettings): string {
  return JSON.stringify(Object.fromEntries(given));
}

export function decodeSettings(given: Record<string, string> | undefined): GivenSettings {
  const entries = Object.entries(given ?? {});
  return entries.length === 0 ? NO_SETTINGS : new Map(entries);
}

export function isEmpty(pauses: Pauses): boolean {
  return pauses.in === null && pauses.out === null && pauses.workers.size === 0;
}

function written(until: number | null): Until {
  return until === Infinity ? "ever" : until;
}

function read(until: Until | undefined): number | null {
  return until === "ever" ? Infinity : (until ?? null);
}
