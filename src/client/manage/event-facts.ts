// All that okq knows of an event, as QGET and QLIST tell it.
import { arrayIn, numberIn, type Reply, textIn } from "../reply.ts";
import { dateOf } from "../seconds.ts";
import { Fields } from "./fields.ts";
import type { HeldBackBy } from "./figures.ts";
import type { EventState } from "./selection.ts";
import { valueOf } from "./values.ts";

/** One failure or crash. */
export interface EventError {
  at: Date;
  attempt: number;
  text: string;
}

/** undefined: not known, or it does not apply. */
export interface EventFacts<T> {
  queue: string;
  id: string;
  state: EventState;
  /** undefined if it was not asked for, or if the queue's schema or format refuses it. */
  contents: T | undefined;
  /** Why the contents are refused. */
  contentsError: Error | undefined;
  /** The contents as they are in okq. */
  bytes: Buffer | undefined;
  attempts: number;
  failures: number;
  crashes: number;
  /** Its own limit, else that of its queue. */
  maxAttempts: number | undefined;
  priority: number | undefined;
  group: string | undefined;
  pushedAt: Date;
  dueAt: Date | undefined;
  /** When it failed for good, or was acknowledged. */
  endedAt: Date | undefined;
  leaseEndsAt: Date | undefined;
  claimedAt: Date | undefined;
  /** The worker that claimed it, its connection and okq process, see workers(). */
  worker: string | undefined;
  client: string | undefined;
  okq: string | undefined;
  /** Its consumer was asked to stop. */
  isCancelled: boolean;
  expiresAt: Date | undefined;
  unique: string | undefined;
  headers: Record<string, string>;
  lastError: string | undefined;
  /** The latest 10. list() leaves these and the log out. */
  errors: EventError[];
  log: string[];
  /** The value of JSON, else text, else bytes. So is the result. */
  progress: unknown;
  result: unknown;
  /** Why a ready event is not handed out. Only get() tells it. */
  heldBackBy: HeldBackBy | undefined;
}

/** Reads contents; throws if they are refused. */
export type ReadContents<T> = (bytes: Buffer) => T | Promise<T>;

export async function eventFactsOf<T>(
  queue: string,
  reply: Reply,
  readContents: ReadContents<T>,
): Promise<EventFacts<T>> {
  const fields = new Fields(reply);
  const bytes = fields.bytes("contents");
  return {
    queue,
    id: fields.name("id"),
    state: fields.name("state") as EventState,
    ...(await contentsOf(bytes, readContents)),
    bytes,
    attempts: fields.count("attempts"),
    failures: fields.count("failures"),
    crashes: fields.count("crashes"),
    maxAttempts: fields.number("max-attempts"),
    priority: fields.number("priority"),
    group: fields.text("group"),
    pushedAt: dateOf(fields.count("pushed-at")),
    dueAt: fields.date("due-at"),
    endedAt: fields.date("ended-at"),
    leaseEndsAt: fields.date("lease-ends-at"),
    claimedAt: fields.date("claimed-at"),
    worker: fields.text("worker"),
    client: fields.text("client"),
    okq: fields.text("okq"),
    isCancelled: fields.isSet("cancelled"),
    expiresAt: fields.date("expires-at"),
    unique: fields.text("unique"),
    headers: headersOf(fields.texts("headers")),
    lastError: fields.text("last-error"),
    errors: fields.list("errors").map(errorOf),
    log: fields.texts("log"),
    progress: valueOf(fields.bytes("progress")),
    result: valueOf(fields.bytes("result")),
    heldBackBy: fields.text("held-back-by") as HeldBackBy | undefined,
  };
}

/** Contents of an event that is only looked at: that they are refused is told, not thrown. */
export async function contentsOf<T>(
  bytes: Buffer | undefined,
  readContents: ReadContents<T>,
): Promise<{ contents: T | undefined; contentsError: Error | undefined }> {
  if (bytes === undefined) return { contents: undefined, contentsError: undefined };
  try {
    return { contents: await readContents(bytes), contentsError: undefined };
  } catch (error) {
    return { contents: undefined, contentsError: error as Error };
  }
}

function errorOf(reply: Reply): EventError {
  const [at, attempt, text] = arrayIn(reply);
  return { at: dateOf(numberIn(at)), attempt: numberIn(attempt), text: textIn(text) };
}

/** Names and values in turn. */
function headersOf(texts: string[]): Record<string, string> {
  const headers: [string, string][] = [];
  for (let at = 0; at < texts.length; at += 2) headers.push([texts[at]!, texts[at + 1]!]);
  return Object.fromEntries(headers);
}
