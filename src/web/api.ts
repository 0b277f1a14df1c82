// The routes of the API that have to do with queues and their events, typed.
import { type Bytes, bytesUnder, type Name } from "./name.ts";
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

/** Figures of one step each, oldest first; null where nothing is known. */
export interface Span {
  stepSeconds: number;
  startsAt: number;
  ready: (number | null)[];
  pushed: (number | null)[];
  acked: (number | null)[];
  failures: (number | null)[];
}
export type History = Record<"hour" | "day", Span>;

/** An event in a list; `getEvent` tells more. */
export type EventRow = Bytes<"id"> &
  Bytes<"group"> &
  Bytes<"worker"> &
  Bytes<"lastError"> & {
    state: State;
    attempts: number;
    failures: number;
    crashes: number;
    priority?: number;
    pushedAt: number;
    dueAt?: number;
    leaseEndsAt?: number;
    expiresAt?: number;
  };

export interface Listed {
  next: string | null;
}

/** Which events of a queue. */
export interface Selection {
  match?: string | undefined;
  error?: string | undefined;
  contains?: string | undefined;
  group?: string | undefined;
  headers?: Record<string, string> | undefined;
}

function queuePath(queue: Name): string {
  return `/v1/queues/${queue}`;
}

export function listQueues(
  query: { match: string; after: string | null; count: number },
  signal: AbortSignal,
): Promise<Listed & { queues: QueueRow[] }> {
  return get(withQueryOf("/v1/queues", query), signal);
}

export function getQueue(queue: Name, signal: AbortSignal): Promise<QueueStats> {
  return get(queuePath(queue), signal);
}

export function getHistory(queue: Name, signal: AbortSignal): Promise<History> {
  return get(`${queuePath(queue)}/history`, signal);
}

interface EventQuery extends Selection {
  state: State;
  after: string | null;
  reverse?: boolean;
  count: number;
}

export function listEvents(
  queue: Name,
  { headers = {}, ...query }: EventQuery,
  signal: AbortSignal,
): Promise<Listed & { events: EventRow[] }> {
  const named = Object.entries(headers).map(([name, glob]) => [`header.${name}`, glob]);
  const path = `${queuePath(queue)}/events`;
  return get(withQueryOf(path, { ...query, ...Object.fromEntries(named) }), signal);
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

/** Of all states, with their ids, keys and windows. */
export function flushQueue(queue: Name): Promise<{ removed: number }> {
  return request("DELETE", queuePath(queue));
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
  return { ids: chosen.ids.map((id) => bytesUnder("id", id)["id"] ?? id) };
}

export interface NewEvent {
  contents: string;
  id?: string;
  delay?: number;
  priority?: number;
  group?: string;
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

export function changeSettings(queue: Name, settings: Record<string, string>): Promise<unknown> {
  return request("PATCH", `${queuePath(queue)}/config`, { body: settings });
}
