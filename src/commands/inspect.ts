// QSTATUS, QINFO and QFLUSH: count the events of queues, and remove all of one queue.
import { type QueuePage, type QueueStatus, totalOf } from "../queue/queue-status.ts";
import { slicesOf } from "../queue/slices.ts";
import type { Session } from "../queue/store.ts";
import { OK, type Reply } from "../resp/reply.ts";
import { textWidth } from "../runtime/runtime.ts";
import type { Answer } from "./answer.ts";
import type { Caller } from "./caller.ts";
import { type QueueCall, type QueueCommand, queueCommand, storeCommand } from "./command.ts";
import { collect, longArray } from "./long-replies.ts";
import { type StatusRow, StatusRows } from "./status-rows.ts";

/** Queues named in one operation. More of them would delay other clients. */
const PAGE = 64;
const HIGHEST = Buffer.alloc(32, 0xff);

/** The status of these queues in the order asked, in pages. */
async function* statusOf(session: Session, queues: Buffer[]): AsyncGenerator<QueueStatus[]> {
  for (const page of slicesOf(queues, PAGE)) {
    yield await session.ask({ kind: "status", queues: page });
  }
}

/** A page of the active queues that the user may see. */
export interface StatusPage {
  statuses: QueueStatus[];
  /** How many queues the store has looked at for it. */
  lookedAt: number;
  /** Where the next page begins; null if no queue can come behind this one. */
  next: Buffer | null;
}

/**
 * The status of all active queues that the user may see, ascending by bytes, in pages. The first
 * one comes after `beginAfter`.
 */
export async function* statusOfAll(
  caller: Pick<Caller, "session" | "user">,
  beginAfter: Buffer | null = null,
): AsyncGenerator<QueueStatus[]> {
  for await (const { statuses } of statusPagesOfAll(caller, beginAfter)) yield statuses;
}

/** The same pages, each with the place where the next one begins. */
export async function* statusPagesOfAll(
  { session, user }: Pick<Caller, "session" | "user">,
  beginAfter: Buffer | null,
  limit = PAGE,
): AsyncGenerator<StatusPage> {
  const prefixes = user?.prefixes ?? [];
  for (const [at, prefix] of prefixes.entries()) {
    if (beginAfter && compareToPrefix(beginAfter, prefix) > 0) continue;
    let after = justBefore(prefix);
    if (beginAfter && compareToPrefix(beginAfter, prefix) === 0) after = beginAfter;
    do {
      const page: QueuePage = await session.ask({ kind: "list", after, limit });
      const { queues } = page;
      after = page.next;
      const within = queues.filter(({ queue }) => compareToPrefix(queue, prefix) === 0);
      if (queues.some(({ queue }) => compareToPrefix(queue, prefix) > 0)) after = null;
      const following = prefixes[at + 1];
      const next = after ?? (following ? justBefore(following) : null);
      const statuses = within.filter(({ queue }) => user!.mayUse(queue));
      yield { statuses, lookedAt: queues.length, next };
    } while (after);
  }
}

/** Negative for a name before all names with that prefix, 0 for one of them, else positive. */
function compareToPrefix(queue: Buffer, prefix: Buffer): number {
  return Buffer.compare(queue.subarray(0, prefix.length), prefix);
}

/** A name that comes shortly before all names with that prefix; null for the start of the list. */
function justBefore(prefix: Buffer): Buffer | null {
  if (prefix.length === 0) return null;
  const last = prefix.at(-1)!;
  const head = prefix.subarray(0, -1);
  return last === 0 ? head : Buffer.concat([head, Buffer.of(last - 1), HIGHEST]);
}

function statusPages(queues: Buffer[], { client }: QueueCall): AsyncGenerator<QueueStatus[]> {
  return queues.length > 0 ? statusOf(client.session, queues) : statusOfAll(client);
}

/**
 * Waits until the store knows of the consumers that left. Rejects if an operation of an earlier
 * command failed meanwhile.
 */
async function consumersReported({ client, context }: QueueCall): Promise<void> {
  const { count } = client.failures;
  await context.consumers.allReported();
  if (client.failures.hasNewSince(count)) throw client.failures.earlierFailure();
}

async function showStatus(queues: Buffer[], call: QueueCall): Promise<Answer> {
  await consumersReported(call);
  const rows = new StatusRows();
  const release = await collect(call, statusPages(queues, call), (page) => rows.add(page));
  return longArray(rows.count, statusReplies(rows), release);
}

function* statusReplies(rows: StatusRows): Generator<Reply> {
  for (const row of rows) yield [row.queue, row.total, row.claimed, row.consumers];
}

/** One line per queue, with all columns aligned. */
async function showInfo(queues: Buffer[], call: QueueCall): Promise<Answer> {
  await consumersReported(call);
  const rows = new StatusRows();
  const widths = [0, 0, 0, 0];
  const release = await collect(call, statusPages(queues, call), (page) => {
    for (const status of page) {
      const row = { ...status, total: totalOf(status) };
      for (const [column, text] of columnsOf(row).entries()) {
        widths[column] = Math.max(widths[column]!, textWidth(text));
      }
    }
    return rows.add(page);
  });
  return longArray(rows.count, infoLines(rows, widths), release);
}

function* infoLines(rows: StatusRows, widths: number[]): Generator<Reply> {
  for (const row of rows) {
    const columns = columnsOf(row);
    const gaps = columns.map((text, at) => " ".repeat(widths[at]! - textWidth(text) + 2));
    const counts = columns.slice(1).map((text, at) => gaps[at] + text);
    // The bytes of the name as they are: it need not be text.
    yield Buffer.concat([row.queue, Buffer.from(counts.join(""))]);
  }
}

function columnsOf({ queue, total, claimed, consumers }: StatusRow): string[] {
  return [queue.toString(), `total: ${total}`, `processing: ${claimed}`, `consumers: ${consumers}`];
}

const shared = { group: "queue", access: "inspect", since: "0.1.0" } as const;

export const inspectCommands: QueueCommand[] = [
  queueCommand({
    ...shared,
    name: "QSTATUS",
    syntax: "[queue ...]",
    summary:
      "Counts events and consumers as [queue, total, processing, consumers], of these queues in " +
      "this order, or of all active queues in ascending order of their bytes. The total is " +
      "ready + delayed + claimed events, processing the claimed ones. A connection that pops " +
      "counts as a consumer for a minute.",
    flags: ["readonly"],
    isExclusive: true,
    run: ([, ...queues], _, call) => showStatus(queues, call),
  }),
  queueCommand({
    ...shared,
    name: "QINFO",
    syntax: "[queue ...]",
    summary: "As QSTATUS, in lines for people to read.",
    flags: ["readonly"],
    isExclusive: true,
    run: ([, ...queues], _, call) => showInfo(queues, call),
  }),
  storeCommand({
    ...shared,
    name: "QFLUSH",
    syntax: "queue",
    summary:
      "Removes all events of a queue, in all states, and its windows; settings, pauses " +
      "and counters stay.",
    access: "manage",
    flags: ["write"],
    parse: ([, queue]) => ({ kind: "flush", queue }),
    reply: () => OK,
  }),
];
