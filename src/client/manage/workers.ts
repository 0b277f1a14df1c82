// The clients that hold claims or wait for events.
import type { Reply } from "../reply.ts";
import type { Session } from "../session.ts";
import { Fields } from "./fields.ts";
import { askLong, type LongOptions } from "./long.ts";
import { type Page, type PageOptions, pageOf, pageWords } from "./pages.ts";

export interface WorkerFacts {
  worker: string | undefined;
  client: string;
  /** The okq process to which it is connected. */
  okq: string;
  /** How many events it has claimed. */
  claims: number;
  oldestClaimMs: number | undefined;
  /** The queues of its claims, up to 100. */
  holding: string[];
  /** The queues for which it waits. */
  waiting: string[];
}

/** Of one queue, or of all. */
export async function workerPage(
  session: Session,
  queue: string | undefined,
  options: PageOptions & LongOptions,
): Promise<Page<WorkerFacts>> {
  const names = queue === undefined ? [] : [queue];
  const words = ["QWORKERS", ...names, ...pageWords(options)];
  return pageOf(await askLong(session, words, options, true), workerOf);
}

function workerOf(reply: Reply): WorkerFacts {
  const fields = new Fields(reply);
  return {
    worker: fields.text("worker"),
    client: fields.name("client"),
    okq: fields.name("okq"),
    claims: fields.count("claims"),
    oldestClaimMs: fields.ms("oldest-claim-seconds"),
    holding: fields.texts("holding"),
    waiting: fields.texts("waiting"),
  };
}
