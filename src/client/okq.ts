// An okq server, as a program sees it.
import { Queue } from "./queue/queue.ts";
import type { QueueOptions } from "./queue/queue-base.ts";
import { rawCall } from "./raw-call.ts";
import type { Reply } from "./reply.ts";
import type { Session } from "./session.ts";
import type { Word } from "./words.ts";
import type { BatchHandler, Handler } from "./worker/handling.ts";
import { startBatchWorker, startWorker } from "./worker/start-worker.ts";
import type { BatchWorkerOptions, WorkerOptions } from "./worker/worker-options.ts";
import type { Queues } from "./worker/worker-queues.ts";
import type { Worker } from "./worker/worker.ts";

export class Okq implements AsyncDisposable {
  /** For the parts of the client. */
  readonly session: Session;

  constructor(session: Session) {
    this.session = session;
  }

  /**
   * A queue whose contents are JSON of that type, or as its schema says: `queue<Mail>("mail")`.
   * Nothing is sent.
   */
  queue(name: string, options: QueueOptions<string> & { readonly contents: "text" }): Queue<string>;
  queue(
    name: string,
    options: QueueOptions<Uint8Array> & { readonly contents: "bytes" },
  ): Queue<Uint8Array>;
  // oxlint-disable-next-line typescript/no-explicit-any -- as JSON.parse
  queue<T = any>(name: string, options?: QueueOptions<T>): Queue<T>;
  queue<T>(name: string, options?: QueueOptions<T>): Queue<T> {
    return new Queue<T>(this.session, name, options);
  }

  /**
   * Sends a command as it is, and resolves to okq's reply: texts of all kinds as Buffers. Rejects
   * with an OkqError. It is not sent again once okq may have it.
   */
  call(...words: Word[]): Promise<Reply> {
    return rawCall(this.session, words);
  }

  /**
   * Starts a worker: it pops events of these queues, calls the handler for each, and tells okq how
   * that ended. A handler that returns nothing is done with its event, one that throws has failed;
   * for more see done, retry, fail, snooze and next. Throws if an option is wrong.
   */
  // oxlint-disable-next-line typescript/no-explicit-any -- as JSON.parse
  worker<T = any>(queues: Queues<T>, handler: Handler<T>, options?: WorkerOptions<T>): Worker<T> {
    return startWorker(this.session, queues, handler, options);
  }

  /** The same for a handler that takes many events at once. */
  // oxlint-disable-next-line typescript/no-explicit-any -- as JSON.parse
  batchWorker<T = any>(
    queues: Queues<T>,
    handler: BatchHandler<T>,
    options?: BatchWorkerOptions<T>,
  ): Worker<T> {
    return startBatchWorker(this.session, queues, handler, options);
  }

  /** Resolves when okq has answered. */
  async ping(): Promise<void> {
    await this.session.send(["PING"], { repeats: true });
  }

  /**
   * Closes everything: commands that were sent or wait to be sent are finished, pops that wait
   * reject with a ClosedError, and so does every later command. Never rejects.
   */
  close(): Promise<void> {
    return this.session.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
