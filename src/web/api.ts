// The routes of the API that have to do with queues and their events, typed.
import { base64Of, type Bytes, type Name, nameIn, textOfName } from "./name.ts";
import { get, request, withQueryOf } from "./request.ts";

export type State = "ready" | "delayed" | "claimed" | "failed" | "completed";
export const STATES: State[] = ["ready", "delayed", "claimed", "failed", "completed"];
export type Paused = "no" | "in" | "out" | "all";
export type Direction = Exclude<Paused, "no">;

export type QueueRow = Bytes<"queue"> &
  Record<State, number> & {
    consumers: number;
    paused: Paused;
    oldestReadySeconds?: number;
  };

/** Figures that okq does not know are not there. */
export type QueueStats = Record<State, number> & {
  retrying: number;
  pushedTotal: number;
  poppedTotal: number;
  ackedTotal: number;
  failuresTotal: number;
  crashesTotal: number;
  failedTotal: number;
  expiredTotal: number;
  droppedTotal: number;
  pushedPerSecond: number;
  poppedPerSecond: number;
  ackedPerSecond: number;
  failuresPerSecond: number;
  crashesPerSecond: number;
  failedPerSecond: number;
  expiredPerSecond: number;
  droppedPerSecond: number;
  oldestReadySeconds?: number;
  waitP50?: number;
  waitP99?: number;
  runP50?: number;
  runP99?: number;
  paused: Paused;
  heldBackBy?: string;
};

/** Figures of one step each, oldest first; null where nothing is known. The last is not over. */
export interface Span extends Record<Level | Flow, (number | null)[]> {
  stepSeconds: number;
  startsAt: number;
}
/** How many events there were at the end of a step. */
type Level = "ready" | "claimed" | "delayed" | "failed";
/** How many there were in a step. */
type Flow = "pushed" | "popped" | "acked" | "failures";
export type History = Record<"hour" | "day", Span>;

/** An event in a list; `getEvent` tells more. */
export type EventRow = Bytes<"id"> &
  Bytes<"group"> &
  Bytes<"worker"> &
  Bytes<"lastError"> &
  Bytes<"contents"> & {
    state: State;
    /** In bytes; `contents` is the beginning, if it was asked for. */
    contentsLength?: number;
    attempts: number;
    failures: number;
    crashes: number;
    priority?: number;
    pushedAt: number;
    dueAt?: number;
    endedAt?: number;
    leaseEndsAt?: number;
    claimedAt?: number;
    /** Who claimed it: the client of that okq process. */
    client?: string;
    okq?: string;
    expiresAt?: number;
  };

/** A page of a list, and where the next one begins; null: this is the last. */
export interface Page<Row> {
  rows: Row[];
  next: Name | null;
}

/** As the API writes where the next page begins. */
export type Cursor = { [Key in keyof Bytes<"next">]?: string | null };

export function nextIn({ next, nextBase64 }: Cursor): Name | null {
  if (nextBase64) return nameIn({ nextBase64 }, "next");
  return next === null || next === undefined ? null : nameIn({ next }, "next");
}

/** Which events of a queue. */
export interface Selection {
  match?: string | undefined;
  error?: string | undefined;
  errorBase64?: string | undefined;
  contains?: string | undefined;
  group?: string | undefined;
  headers?: Record<string, string> | undefined;
}

export function queuePath(queue: Name): string {
  return `/v1/queues/${queue}`;
}

export async function listQueues(
  { match, count, after }: { match: string; count: number; after: Name | null },
  signal: AbortSignal,
): Promise<Page<QueueRow>> {
  const path = withQueryOf("/v1/queues", { match, count }, { after });
  const answer = await get<Cursor & { queues: QueueRow[] }>(path, signal);
  return { rows: answer.queues, next: nextIn(answer) };
}

export function getQueue(queue: Name, signal: AbortSignal): Promise<QueueStats> {
  return get(queuePath(queue), signal);
}

export function getHistory(queue: Name, signal: AbortSignal): Promise<History> {
  return get(`${queuePath(queue)}/history`, signal);
}

export type ErrorRow = Bytes<"error"> & { count: number };

/** The most frequent ones, of failed events and of those that wait for another attempt. */
export async function listErrors(queue: Name, signal: AbortSignal): Promise<ErrorRow[]> {
  const path = withQueryOf(`${queuePath(queue)}/errors`, { count: 50 });
  return (await get<{ errors: ErrorRow[] }>(path, signal)).errors;
}

export interface EventQuery extends Selection {
  state: State;
  after: Name | null;
  reverse: boolean;
  count: number;
  /** So many of the contents of each event are wanted. */
  contentsBytes?: number;
}

/** The page may be short, or empty, also if it is not the last. */
export async function listEvents(
  queue: Name,
  { headers = {}, after, ...query }: EventQuery,
  signal: AbortSignal,
): Promise<Page<EventRow>> {
  const named = Object.entries(headers).map(([name, glob]) => [`header.${name}`, glob]);
  const values = { ...query, ...Object.fromEntries(named) };
  const path = withQueryOf(`${queuePath(queue)}/events`, values, { after });
  const answer = await get<Cursor & { events: EventRow[] }>(path, signal);
  return { rows: answer.events, next: nextIn(answer) };
}

export function pauseQueue(
  queue: Name,
  body: { direction: Direction; seconds?: number },
): Promise<unknown> {
  return request("POST", `${queuePath(queue)}/pause`, { body });
}

/** Ends all of the queue's own pauses. */
export function resumeQueue(queue: Name): Promise<unknown> {
  return request("POST", `${queuePath(queue)}/resume`, { body: {} });
}

export type Purgeable = Exclude<State, "claimed">;

/** Which events an action is about: some by their ids, or all of a state that fit. */
export type Chosen = { ids: Name[] } | ({ state: State; count?: number } & Selection);

export async function removeEvents(
  queue: Name,
  chosen: Chosen,
  signal: AbortSignal,
): Promise<number> {
  const body = bodyOf(chosen);
  const action = "ids" in chosen ? "delete" : "purge";
  const path = `${queuePath(queue)}/${action}`;
  return (await request<{ removed: number }>("POST", path, { body, signal })).removed;
}

export async function retryEvents(
  queue: Name,
  chosen: Chosen,
  signal: AbortSignal,
): Promise<number> {
  const body = { ...bodyOf(chosen), ...(!("ids" in chosen) && { all: true }) };
  const path = `${queuePath(queue)}/retry`;
  return (await request<{ retried: number }>("POST", path, { body, signal })).retried;
}

export async function moveEvents(
  queue: Name,
  target: string,
  chosen: Chosen,
  signal: AbortSignal,
): Promise<number> {
  const body = { target, ...bodyOf(chosen) };
  const path = `${queuePath(queue)}/move`;
  return (await request<{ moved: number }>("POST", path, { body, signal })).moved;
}

function bodyOf(chosen: Chosen): object {
  if (!("ids" in chosen)) return chosen;
  const texts = chosen.ids.map((id) => textOfName(id));
  const ids = texts.filter((text) => text !== null);
  const idsBase64 = chosen.ids.filter((_, at) => texts[at] === null).map(base64Of);
  return { ...(ids.length > 0 && { ids }), ...(idsBase64.length > 0 && { idsBase64 }) };
}

export interface NewEvent {
  contents: string;
  id?: string;
  delay?: number;
  priority?: number;
  group?: string;
  attempts?: number;
  headers?: Record<string, string>;
}

export function pushEvent(queue: Name, body: NewEvent): Promise<Bytes<"id">> {
  return request("POST", `${queuePath(queue)}/events`, { body });
}

export function getSettings(
  queue: Name | null,
  signal: AbortSignal,
): Promise<{ settings: Record<string, string> }> {
  return get(queue === null ? "/v1/defaults" : `${queuePath(queue)}/config`, signal);
}

/** null takes a setting back; not together with settings that get values. */
export function changeSettings(
  queue: Name | null,
  settings: Record<string, string | null>,
): Promise<unknown> {
  const path = queue === null ? "/v1/defaults" : `${queuePath(queue)}/config`;
  return request("PATCH", path, { body: settings });
}
