// The routes of the API that are not about one queue: consumers, errors, cron entries, counters and
// the server.
import { type Cursor, nextIn, type Page, queuePath } from "./api.ts";
import type { Bytes, Name } from "./name.ts";
import { get, request, withQueryOf } from "./request.ts";

/** A client that holds claims, or waits for events, as a worker: one client may be several. */
export type Consumer = Bytes<"worker"> & {
  client: string;
  /** The process of okq. */
  okq: string;
  claims: number;
  oldestClaimSeconds?: number;
  /** Queues of its claims, up to 100; all in base64 if one of them is no text. */
  holding?: string[];
  holdingBase64?: string[];
  waiting?: string[];
  waitingBase64?: string[];
};

export async function listConsumers(
  { queue, count, after }: { queue: Name | null; count: number; after: Name | null },
  signal: AbortSignal,
): Promise<Page<Consumer>> {
  const path = withQueryOf("/v1/workers", { count }, { queue, after });
  const answer = await get<Cursor & { workers: Consumer[] }>(path, signal);
  return { rows: answer.workers, next: nextIn(answer) };
}

export type ErrorGroup = Bytes<"error"> & {
  count: number;
  /** Up to 100; `id` is that of one of the events. */
  queues: (Bytes<"queue"> & Bytes<"id"> & { count: number })[];
};

/** The most frequent ones, over all queues. */
export async function listErrors(count: number, signal: AbortSignal): Promise<ErrorGroup[]> {
  const path = withQueryOf("/v1/errors", { count });
  return (await get<{ errors: ErrorGroup[] }>(path, signal)).errors;
}

export type Cron = Bytes<"queue"> &
  Bytes<"name"> &
  Bytes<"contents"> & {
    spec: string;
    tz: string;
    catchup: "none" | "one";
    lastAt?: number;
    nextAt?: number;
  };

export async function listCrons(queue: Name | null, signal: AbortSignal): Promise<Cron[]> {
  const path = withQueryOf("/v1/crons", {}, { queue });
  return (await get<{ crons: Cron[] }>(path, signal)).crons;
}

function cronPath(queue: Name, name: Name): string {
  return `${queuePath(queue)}/crons/${name}`;
}

export interface NewCron {
  spec: string;
  contents: string;
  tz?: string;
  catchup?: "none" | "one";
}

export function setCron(queue: Name, name: Name, body: NewCron): Promise<unknown> {
  return request("PUT", cronPath(queue, name), { body });
}

export async function deleteCron(queue: Name, name: Name): Promise<number> {
  return (await request<{ removed: number }>("DELETE", cronPath(queue, name))).removed;
}

/** Resolves with the id of the event. */
export function runCron(queue: Name, name: Name): Promise<Bytes<"id">> {
  return request("POST", `${cronPath(queue, name)}/run`, { body: {} });
}

export type Counter = Bytes<"key"> & { left: number; since: number };

export async function listCounters(
  queue: Name,
  { count, after }: { count: number; after: Name | null },
  signal: AbortSignal,
): Promise<Page<Counter>> {
  const path = withQueryOf(`${queuePath(queue)}/counters`, { count }, { after });
  const answer = await get<Cursor & { counters: Counter[] }>(path, signal);
  return { rows: answer.counters, next: nextIn(answer) };
}

export async function deleteCounter(queue: Name, key: Name): Promise<number> {
  const path = `${queuePath(queue)}/counters/${key}`;
  return (await request<{ removed: number }>("DELETE", path)).removed;
}

export type Section = Record<string, string | number>;

/** The sections of INFO by their names. */
export interface ServerFacts extends Record<string, Section | string | undefined> {
  version: string;
  server: Section;
  clients: Section;
  memory: Section;
  stats: Section;
  cpu: Section;
  store: Section;
  /** Of those who may see them. */
  options?: Section;
}

export function getServer(signal: AbortSignal): Promise<ServerFacts> {
  return get("/v1/server", signal);
}
