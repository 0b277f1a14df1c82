// Which events of a queue the page shows: what people typed is in the URL.
import { type EventRow, listEvents, type Page, type Selection, type State, STATES } from "./api.ts";
import { globOf } from "./glob.ts";
import type { Name } from "./name.ts";

/** Fields of the search, as they are called in the URL. */
export const SEARCHED = ["match", "header", "value", "error", "contains", "group"] as const;

export interface EventSearch {
  state: State;
  selection: Selection;
  /** Every event of the state fits. */
  isAll: boolean;
  after: Name | null;
  isReverse: boolean;
}

export function searchIn(query: URLSearchParams): EventSearch {
  const text = (name: (typeof SEARCHED)[number]) => query.get(name) ?? "";
  const state = STATES.find((each) => each === query.get("state")) ?? "ready";
  const header = text("header");
  // The latest of those that have ended come first.
  const isByEnd = state === "failed" || state === "completed";
  const selection = {
    match: globOf(text("match")) || undefined,
    error: globOf(text("error")) || undefined,
    contains: text("contains") || undefined,
    group: text("group") || undefined,
    headers: header ? { [header]: globOf(text("value")) || "*" } : undefined,
  };
  return {
    state,
    selection,
    isAll: Object.values(selection).every((value) => value === undefined),
    after: query.get("after") as Name | null,
    isReverse: (query.get("order") === "reverse") !== isByEnd,
  };
}

const PAGE = 50;
/** So much of the contents of each event is shown. */
const PREVIEW_BYTES = 400;
/** Searching a long queue takes long: a page has what was found in this time. */
const SEARCH_MS = 2000;
/** The same while nothing was found. */
const EMPTY_SEARCH_MS = 10_000;

/** A page of those that fit. It may be short: then `next` leads to where the search stopped. */
export async function findEvents(
  queue: Name,
  { state, selection, after, isReverse }: EventSearch,
  signal: AbortSignal,
): Promise<Page<EventRow>> {
  const rows: EventRow[] = [];
  const from = performance.now();
  const isInTime = () => performance.now() - from < (rows.length > 0 ? SEARCH_MS : EMPTY_SEARCH_MS);
  let next = after;
  do {
    const count = PAGE - rows.length;
    const shown = { count, contentsBytes: PREVIEW_BYTES };
    const query = { ...selection, ...shown, state, after: next, reverse: isReverse };
    const page = await listEvents(queue, query, signal);
    rows.push(...page.rows);
    next = page.next;
  } while (next !== null && rows.length < PAGE && isInTime());
  return { rows, next };
}

const PORTION = 1000;

interface Counting {
  /** Whether an event that was found counts. */
  fits(event: EventRow): boolean;
  /** Called again and again with how many there are so far. */
  onCount(count: number, isAll: boolean): void;
  signal: AbortSignal;
}

export async function countEvents(
  queue: Name,
  { state, selection }: Pick<EventSearch, "state" | "selection">,
  { fits, onCount, signal }: Counting,
): Promise<void> {
  let count = 0;
  let after: Name | null = null;
  do {
    const query = { ...selection, state, after, reverse: false, count: PORTION };
    const page: Page<EventRow> = await listEvents(queue, query, signal);
    count += page.rows.filter(fits).length;
    after = page.next;
    onCount(count, after === null);
  } while (after !== null);
}
