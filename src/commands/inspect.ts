// QSTATUS, QINFO and QFLUSH: what queues hold, and emptying one.
import type { QueueStatus, Session } from "../queue/store.ts";
import { OK, type Reply } from "../resp/reply.ts";
import { type Call, type Client, type Command, FromStore } from "./command.ts";
import { leaversReported } from "./notify.ts";

/** Queues asked for in one operation, so that a long list holds nobody up. */
const PAGE = 64;
const HIGHEST = Buffer.alloc(32, 0xff);

/** The status of these queues in the order asked. */
async function statusOf(session: Session, queues: Buffer[]): Promise<QueueStatus[]> {
  const statuses: QueueStatus[] = [];
  for (let at = 0; at < queues.length; at += PAGE) {
    const page = queues.slice(at, at + PAGE);
    for (const status of await session.ask({ kind: "status", queues: page })) {
      statuses.push(status);
    }
  }
  return statuses;
}

/** The status of every active queue that the client may see, ascending by bytes. */
export async function statusOfAll({ session, user }: Client): Promise<QueueStatus[]> {
  const statuses: QueueStatus[] = [];
  for (const prefix of user?.prefixes ?? []) {
    let after = justBefore(prefix);
    do {
      const page: { queues: QueueStatus[]; next: Buffer | null } = await session.ask({
        kind: "list",
        after,
        limit: PAGE,
      });
      after = page.next;
      for (const status of page.queues) {
        const place = Buffer.compare(status.queue.subarray(0, prefix.length), prefix);
        if (place > 0) after = null;
        if (place === 0 && user!.mayUse(status.queue)) statuses.push(status);
      }
    } while (after);
  }
  return statuses;
}

/** A name right before all with that prefix, with hardly any between; null: from the start. */
function justBefore(prefix: Buffer): Buffer | null {
  if (prefix.length === 0) return null;
  const last = prefix.at(-1)!;
  const head = prefix.subarray(0, -1);
  return last === 0 ? head : Buffer.concat([head, Buffer.of(last - 1), HIGHEST]);
}

function askedFor({ args, client }: Call): Promise<QueueStatus[]> {
  return args.length > 1 ? statusOf(client.session, args.slice(1)) : statusOfAll(client);
}

async function showStatus(call: Call): Promise<Reply> {
  await leaversReported(call.context);
  return (await askedFor(call)).map(({ queue, total, processing, consumers }) => [
    queue,
    total,
    processing,
    consumers,
  ]);
}

/** One line per queue, its columns aligned over all of them. */
async function showInfo(call: Call): Promise<Reply> {
  await leaversReported(call.context);
  const rows = (await askedFor(call)).map(({ queue, total, processing, consumers }) => ({
    queue,
    columns: [
      queue.toString(),
      `total: ${total}`,
      `processing: ${processing}`,
      `consumers: ${consumers}`,
    ].map((text) => ({ text, width: Bun.stringWidth(text) })),
  }));
  const widths = [0, 1, 2, 3].map((column) =>
    rows.reduce((width, { columns }) => Math.max(width, columns[column]!.width), 0),
  );
  return rows.map(({ queue, columns }) => {
    const gaps = columns.map(({ width }, column) => " ".repeat(widths[column]! - width + 2));
    const counts = columns.slice(1).map(({ text }, at) => gaps[at] + text);
    // The name's own bytes: it may be no text at all.
    return Buffer.concat([queue, Buffer.from(counts.join(""))]);
  });
}

function flush({ args }: Call): FromStore {
  return FromStore.of({ kind: "flush", queue: args[1]! }, () => OK);
}

export const inspectCommands: Command[] = [
  {
    name: "QSTATUS",
    syntax: "[queue ...]",
    summary:
      "Counts as [queue, total, processing, consumers], in the order asked, or of all active " +
      "queues in ascending order of their bytes.",
    group: "queue",
    access: "inspect",
    since: "0.1.0",
    flags: ["readonly"],
    isExclusive: true,
    run: showStatus,
  },
  {
    name: "QINFO",
    syntax: "[queue ...]",
    summary: "The same as QSTATUS in lines for people to read.",
    group: "queue",
    access: "inspect",
    since: "0.1.0",
    flags: ["readonly"],
    isExclusive: true,
    run: showInfo,
  },
  {
    name: "QFLUSH",
    syntax: "queue",
    summary: "Removes all events of a queue, ready and claimed.",
    group: "queue",
    access: "admin",
    since: "0.1.0",
    flags: ["write"],
    run: flush,
  },
];
