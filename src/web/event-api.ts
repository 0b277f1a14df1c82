// The routes of the API that have to do with a single event, typed.
import { type EventRow, queuePath } from "./api.ts";
import type { Bytes, Name } from "./name.ts";
import { ApiError, get, open, request } from "./request.ts";

export interface EventError extends Bytes<"error"> {
  at: number;
  attempt: number;
}

/** All that is known of an event but its contents. */
export type EventDetails = EventRow &
  Bytes<"unique"> &
  Bytes<"progress"> &
  Bytes<"result"> & {
    contentsLength: number;
    maxAttempts?: number;
    headers?: Record<string, string>;
    /** All headers, if texts cannot show them. */
    headersBase64?: [name: string, value: string][];
    errors?: EventError[];
    log?: string[];
    logBase64?: string[];
    /** Its consumer was asked to stop. */
    cancelled?: true;
    heldBackBy?: string;
  };

function eventPath(queue: Name, id: Name): string {
  return `${queuePath(queue)}/events/${id}`;
}

export function getEvent(queue: Name, id: Name, signal: AbortSignal): Promise<EventDetails> {
  return get(`${eventPath(queue, id)}?withoutContents=true`, signal);
}

/** Where the contents are, as they are. */
export function contentsPath(queue: Name, id: Name): string {
  return `${eventPath(queue, id)}?raw=true`;
}

/** The first bytes of the contents, up to so many. */
export async function readContents(
  queue: Name,
  id: Name,
  bytesMax: number,
  signal: AbortSignal,
): Promise<Uint8Array> {
  const { body } = await open(contentsPath(queue, id), { signal });
  const all = new Uint8Array(bytesMax);
  let length = 0;
  try {
    // Leaving the loop ends the request.
    for await (const chunk of chunksOf(body!.getReader())) {
      const part = chunk.subarray(0, bytesMax - length);
      all.set(part, length);
      length += part.length;
      if (length === bytesMax) break;
    }
  } catch (error) {
    if (signal.aborted) throw error;
    throw new ApiError(0, "the answer of okq was cut off");
  }
  return all.subarray(0, length);
}

async function* chunksOf(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel();
  }
}

export interface EventChange {
  contents?: string;
  delay?: number;
  ttl?: number;
  priority?: number;
  headers?: Record<string, string>;
}

/** Resolves with whether there was such an event that can be changed. */
export async function changeEvent(queue: Name, id: Name, body: EventChange): Promise<boolean> {
  const path = eventPath(queue, id);
  return (await request<{ outcome: string | null }>("PATCH", path, { body })).outcome !== null;
}

/** Resolves with whether there was a claim. */
export async function acknowledge(queue: Name, id: Name): Promise<boolean> {
  const path = `${eventPath(queue, id)}/ack`;
  return (await request<{ acked: boolean }>("POST", path, { body: {} })).acked;
}

export type FailOutcome = "ready" | "delayed" | "failed" | "removed" | null;

/** Ends the claim there is, whoever holds it. null: there was none. */
export async function failClaim(
  queue: Name,
  id: Name,
  options: { error?: string; final?: boolean },
): Promise<FailOutcome> {
  const body = { token: "*", ...options };
  const path = `${eventPath(queue, id)}/fail`;
  return (await request<{ outcome: FailOutcome }>("POST", path, { body })).outcome;
}

/** Asks the consumer to stop. Resolves with whether there was anything to do. */
export async function cancelEvent(queue: Name, id: Name): Promise<"removed" | "asked" | null> {
  const path = `${eventPath(queue, id)}/cancel`;
  return (await request<{ outcome: "removed" | "asked" | null }>("POST", path, { body: {} }))
    .outcome;
}
