// Makes workers, of single events or of batches.
import { Queue } from "../queue/queue.ts";
import type { Session } from "../session.ts";
import { Endings } from "./endings.ts";
import {
  type BatchHandler,
  type Handler,
  type Handling,
  handlingOfBatch,
  handlingOfOne,
} from "./handling.ts";
import { Worker } from "./worker.ts";
import {
  type BatchWorkerOptions,
  type Settings,
  settingsOf,
  type WorkerOptions,
} from "./worker-options.ts";
import { type Queues, WorkerQueues } from "./worker-queues.ts";

const BATCH = { size: 100, fillMs: 1_000 };

export function startWorker<T>(
  session: Session,
  queues: Queues<T>,
  handler: Handler<T>,
  options: WorkerOptions<T> = {},
): Worker<T> {
  checkHandler(handler);
  const handling = handlingOfOne(handler, options.middleware ?? [], session.options.trace);
  return start(session, queues, handling, settingsOf(options));
}

export function startBatchWorker<T>(
  session: Session,
  queues: Queues<T>,
  handler: BatchHandler<T>,
  options: BatchWorkerOptions<T> = {},
): Worker<T> {
  checkHandler(handler);
  const handling = handlingOfBatch<T>(handler, options.middleware ?? []);
  return start(session, queues, handling, settingsOf({ ...BATCH, ...options }));
}

/** Otherwise every event would fail. */
function checkHandler(handler: unknown): void {
  if (typeof handler !== "function") throw new TypeError("the handler of a worker is no function");
}

function start<T>(
  session: Session,
  queues: Queues<T>,
  handling: Handling,
  settings: Settings,
): Worker<T> {
  const queueOf = (name: string) => new Queue<unknown>(session, name);
  return new Worker<T>({
    session,
    settings,
    handling,
    queues: new WorkerQueues(queues as Queues<never>, settings, queueOf),
    endings: new Endings(session),
  });
}
