// An okq server, as a program sees it.
import { type CronEntry, cronEntryOf } from "./manage/cron.ts";
import type { Step } from "./manage/command.ts";
import { type QueueRow, queueRowOf, type QueueStatus, statusOf } from "./manage/figures.ts";
import type { LongOptions } from "./manage/long.ts";
import { itemsOf, type Page, type PageOptions, pageOf, pageWords } from "./manage/pages.ts";
import { optionWords } from "./manage/selection.ts";
import { type QueueSettings, resetWords, type SettingChanges } from "./manage/settings.ts";
import { type SettingName, settingsOf, settingWords } from "./manage/settings.ts";
import { type WorkerFacts, workerPage } from "./manage/workers.ts";
import { Queue } from "./queue/queue.ts";
import type { QueueOptions } from "./queue/queue-base.ts";
import { rawCall } from "./raw-call.ts";
import { arrayIn, type Reply } from "./reply.ts";
import type { Session } from "./session.ts";
import { type Listener, Subscription, type Topic } from "./subscription/subscription.ts";
import { type StepResults, transact, type Transaction } from "./transaction/transaction.ts";
import type { Word } from "./words.ts";
import type { BatchHandler, Handler } from "./worker/handling.ts";
import { startBatchWorker, startWorker } from "./worker/start-worker.ts";
import type { BatchWorkerOptions, WorkerOptions } from "./worker/worker-options.ts";
import type { Queues } from "./worker/worker-queues.ts";
import type { Worker } from "./worker/worker.ts";

export interface QueuesOptions extends PageOptions {
  /** A glob for names. */
  match?: string | undefined;
}

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

  /**
   * Does the steps that `build` adds together, all of them or none. Resolves to their results, or,
   * if `build` returns an array of steps, to the results of these. Rejects with a TransactionError
   * if nothing was done, or if that is unknown. (MULTI, EXEC)
   */
  transaction<const Steps extends readonly Step<unknown>[]>(
    build: (transaction: Transaction) => Steps | Promise<Steps>,
  ): Promise<StepResults<Steps>>;
  transaction(build: (transaction: Transaction) => void | Promise<void>): Promise<unknown[]>;
  transaction(build: (transaction: Transaction) => unknown): Promise<unknown> {
    return transact(this.session, build);
  }

  /**
   * Hears what happens in these queues. Resolves when okq has confirmed it. After a lost connection
   * it subscribes again, and the listener gets a "missed" message. Messages come at most once; what
   * happens a second after the confirmation is told. (SUBSCRIBE)
   */
  subscribe(topics: Topic | readonly Topic[], listener: Listener): Promise<Subscription> {
    const all = Array.isArray(topics) ? (topics as readonly Topic[]) : [topics as Topic];
    return Subscription.open(this.session, all, listener);
  }

  /** The active queues that fit the pattern `match`, in the order of their bytes. (QUEUES) */
  queues(options: QueuesOptions = {}): AsyncGenerator<QueueRow, void, undefined> {
    return itemsOf(options, (after) => this.queuePage({ ...options, after }));
  }

  async queuePage(options: QueuesOptions = {}): Promise<Page<QueueRow>> {
    const words = ["QUEUES", ...optionWords("MATCH", options.match), ...pageWords(options)];
    return pageOf((await this.session.send(words, { repeats: true })).reply, queueRowOf);
  }

  /** How many events and consumers these queues have, or all active ones. (QSTATUS) */
  async status(...names: string[]): Promise<QueueStatus[]> {
    const { reply } = await this.session.send(["QSTATUS", ...names], { repeats: true });
    return arrayIn(reply).map(statusOf);
  }

  /** The clients that hold claims, or wait for events. (QWORKERS) */
  workers(options: PageOptions & LongOptions = {}): AsyncGenerator<WorkerFacts, void, undefined> {
    return itemsOf(options, (after) => workerPage(this.session, undefined, { ...options, after }));
  }

  /** The settings of all queues that have none of their own. (QDEFAULT) */
  async defaults(): Promise<QueueSettings> {
    return settingsOf((await this.session.send(["QDEFAULT"], { repeats: true })).reply);
  }

  /** Changes these, all or none. */
  async configureDefaults(changes: SettingChanges): Promise<void> {
    await this.session.send(["QDEFAULT", ...settingWords(changes)], { repeats: true });
  }

  /** Takes these back, or all. */
  async resetDefaults(...names: SettingName[]): Promise<void> {
    await this.session.send(["QDEFAULT", ...resetWords(names)], { repeats: true });
  }

  /** The cron entries of all queues, with their contents as bytes. (QCRON LIST) */
  async cronEntries(): Promise<CronEntry<Buffer>[]> {
    const { reply } = await this.session.send(["QCRON", "LIST"], { repeats: true });
    return await Promise.all(arrayIn(reply).map((row) => cronEntryOf(row, (bytes) => bytes)));
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
