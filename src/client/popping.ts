// Pops of events: the words of QPOP and QNEXT, and their replies as events.
import type { Codec } from "./contents.ts";
import { ContentsError } from "./errors.ts";
import type { Event } from "./event.ts";
import { arrayIn, bytesIn, numberIn, type Reply, textIn } from "./reply.ts";
import { seconds } from "./seconds.ts";
import type { Answer, Session } from "./session.ts";
import { textOf, type Word } from "./words.ts";

export interface PopOptions {
  /**
   * Waits so long for an event while there is none, on a connection of its own. Without it the
   * answer comes at once.
   */
  readonly waitMs?: number | undefined;
  /** How long the claim lasts; else as the push or the queue says. */
  readonly leaseMs?: number | undefined;
  /** Removes the event at once: it is delivered at most once. */
  readonly noAck?: boolean | undefined;
  /** The name of the worker, as QWORKERS shows it; else the name of the client. */
  readonly worker?: string | undefined;
  /** Ends the wait: the pop rejects with the reason, unless okq has handed out an event already. */
  readonly signal?: AbortSignal | undefined;
}

/** From several queues: the first that has an event, or in an order that is drawn. */
export interface PopFrom {
  readonly queues: readonly string[];
  /** One for each queue. */
  readonly weights?: readonly number[] | undefined;
  /** At most so many events. */
  readonly count?: number | undefined;
}

/** Sends QPOP. A pop that was lost is sent again: events that it claimed come back later. */
export async function sendPop(
  session: Session,
  from: PopFrom,
  options: PopOptions,
): Promise<Event<undefined>[]> {
  const { reply } = await sendPopping(session, ["QPOP"], from, options);
  return eventsIn(reply);
}

/** Sends a command that pops: these words, then those of the options. */
export async function sendPopping(
  session: Session,
  head: readonly Word[],
  from: PopFrom,
  options: PopOptions,
): Promise<Answer> {
  const { waitMs, signal } = options;
  const words = (leftMs?: number) => [...head, ...popWords(from, options, leftMs)];
  if (waitMs === undefined || waitMs === 0) {
    signal?.throwIfAborted();
    return await session.send(words(), { repeats: true });
  }
  // Wrong options throw here.
  words(waitMs);
  return await session.wait(words, { waitMs, signal, repeats: true });
}

/** The words of a pop behind its name. */
export function popWords(from: PopFrom, options: PopOptions, waitMs: number | undefined): Word[] {
  const words: Word[] = [];
  if (from.count !== undefined) words.push("COUNT", from.count);
  if (waitMs !== undefined) words.push("WAIT", seconds(waitMs, "waitMs"));
  if (options.leaseMs !== undefined) words.push("LEASE", seconds(options.leaseMs, "leaseMs"));
  if (options.noAck) words.push("NOACK");
  if (from.weights) words.push("WEIGHTS", ...from.weights);
  if (options.worker !== undefined) words.push("AS", options.worker);
  words.push("FROM", ...from.queues);
  return words;
}

/** The events of a reply, without contents: see withContents. */
export function eventsIn(reply: Reply | undefined): Event<undefined>[] {
  return reply === null ? [] : arrayIn(reply).map(eventIn);
}

function eventIn(reply: Reply): Event<undefined> {
  const [queue, id, contents, token, attempt, headers] = arrayIn(reply);
  return {
    queue: textIn(queue),
    id: textIn(id),
    contents: undefined,
    token: textIn(token),
    attempt: numberIn(attempt),
    headers: headersIn(headers),
    bytes: bytesIn(contents),
  };
}

const NO_HEADERS = Object.freeze({});

function headersIn(reply: Reply | undefined): Readonly<Record<string, string>> {
  const flat = reply as Buffer[];
  if (flat.length === 0) return NO_HEADERS;
  const headers: Record<string, string> = Object.create(null);
  for (let at = 0; at + 1 < flat.length; at += 2)
    headers[textOf(flat[at]!)] = textOf(flat[at + 1]!);
  return headers;
}

/** The event with its contents. Rejects with a ContentsError that has the event. */
export function withContents<T>(
  event: Event<undefined>,
  codec: Codec<T>,
): Event<T> | Promise<Event<T>> {
  const refuse = (error: unknown): never => {
    const { message } = error as Error;
    throw new ContentsError(`event ${event.id} of ${event.queue}: ${message}`, event);
  };
  try {
    const contents = codec.decode(event.bytes);
    const complete = (value: T) => Object.assign(event, { contents: value }) as Event<T>;
    return contents instanceof Promise ? contents.then(complete, refuse) : complete(contents);
  } catch (error) {
    return refuse(error);
  }
}
