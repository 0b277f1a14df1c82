// How many events the queues of a store have, as a test sees them.
import type { QueuePage, QueueStatus } from "../queue/queue-status.ts";
import type { Session } from "../queue/store.ts";

const PAGE = 256;
const COUNTED = ["ready", "delayed", "claimed", "failed", "completed"] as const;
type Counted = (typeof COUNTED)[number];

export async function statusOfQueues(session: Session): Promise<QueueStatus[]> {
  const all: QueueStatus[] = [];
  let after: Buffer | null = null;
  do {
    // oxlint-disable-next-line no-await-in-loop -- page by page
    const page: QueuePage = await session.ask({ kind: "list", after, limit: PAGE });
    all.push(...page.queues);
    after = page.next;
  } while (after !== null);
  return all;
}

/** Such as `"mail": 2 ready, 1 claimed`; empty if it has none of these. */
export function countsText(status: QueueStatus, counted: readonly Counted[] = COUNTED): string {
  const counts = counted.filter((name) => status[name] > 0);
  const texts = counts.map((name) => `${status[name]} ${name}`);
  const paused = status.paused.length > 0 ? " (paused)" : "";
  if (texts.length === 0) return "";
  return `${JSON.stringify(status.queue.toString())}: ${texts.join(", ")}${paused}`;
}
