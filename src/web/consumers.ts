// Consumers: how each is found again, and what it holds.
import { type EventRow, listEvents, type Page } from "./api.ts";
import { type Bytes, type Name, nameIn, nameOf } from "./name.ts";
import { withQueryOf } from "./request.ts";
import { type Consumer, listConsumers } from "./server-api.ts";

/** A client of an okq process, as a worker. */
export interface Who {
  okq: string;
  client: string;
  /** null: without a name. */
  worker: Name | null;
}

export function consumerPath({ okq, client, worker }: Who): string {
  return withQueryOf(`/consumers/${nameOf(okq)}/${nameOf(client)}`, { worker });
}

type Claimant = Pick<EventRow, "okq" | "client"> & Bytes<"worker">;

function isSame(row: Claimant, who: Who): boolean {
  return row.okq === who.okq && row.client === who.client && nameIn(row, "worker") === who.worker;
}

const PORTION = 1000;

/** null: it neither holds an event nor waits for one. */
export async function findConsumer(who: Who, signal: AbortSignal): Promise<Consumer | null> {
  let after: Name | null = null;
  do {
    const query = { queue: null, count: PORTION, after };
    const page: Page<Consumer> = await listConsumers(query, signal);
    const found = page.rows.find((row) => isSame(row, who));
    if (found) return found;
    after = page.next;
  } while (after !== null);
  return null;
}

export interface Held {
  queue: Name;
  event: EventRow;
}

const HELD_MAX = 200;
/** Searching for long would be a burden. */
const SEARCH_MS = 5000;

/** Its claims in these queues, and whether these are all. */
export async function findHeld(
  who: Who,
  queues: Name[],
  signal: AbortSignal,
): Promise<{ held: Held[]; isAll: boolean }> {
  const held: Held[] = [];
  const from = performance.now();
  for (const queue of queues) {
    let after: Name | null = null;
    do {
      const query = { state: "claimed", after, reverse: false, count: PORTION } as const;
      const page: Page<EventRow> = await listEvents(queue, query, signal);
      const own = page.rows.filter((event) => isSame(event, who));
      held.push(...own.map((event) => ({ queue, event })));
      after = page.next;
      const isEnough = held.length >= HELD_MAX || performance.now() - from > SEARCH_MS;
      const isLast = after === null && queue === queues.at(-1);
      if (isEnough && !isLast) return { held: held.slice(0, HELD_MAX), isAll: false };
    } while (after !== null);
  }
  return { held, isAll: true };
}
