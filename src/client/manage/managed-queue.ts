// What shows a queue and its events, waits for their ends, and changes many events: methods of a
// queue. What may also stand in a transaction is in changes.ts.
import { arrayIn, numberIn, type Reply, textIn } from "../reply.ts";
import { seconds } from "../seconds.ts";
import type { Codec } from "../contents.ts";
import type { Session } from "../session.ts";
import type { Word } from "../words.ts";
import { QueueChanges } from "./changes.ts";
import { again, isOne, once, type Run } from "./command.ts";
import { type CounterFacts, counterFactsOf } from "./counter.ts";
import { type CronEntry, cronEntryOf } from "./cron.ts";
import { type EventFacts, eventFactsOf } from "./event-facts.ts";
import { type ErrorFigure, errorFigureOf, type QueueStats, statsOf } from "./figures.ts";
import { type GroupFacts, groupOf, type QueueStatus, statusOf } from "./figures.ts";
import { historyOf, type QueueHistory } from "./history.ts";
import { askLong, type LongOptions } from "./long.ts";
import { itemsOf, type Page, type PageOptions, pageOf, pageWords } from "./pages.ts";
import { type EventState, type LimitedSelection, limitedWords } from "./selection.ts";
import { optionWords, type RetriedState, type Selection } from "./selection.ts";
import { selectionWords, type UnclaimedState } from "./selection.ts";
import { type QueueSettings, settingsOf } from "./settings.ts";
import { valueOf } from "./values.ts";
import { type WorkerFacts, workerPage } from "./workers.ts";

export interface ListOptions extends Selection, PageOptions {
  state?: EventState | undefined;
  /** In the opposite order. */
  reverse?: boolean | undefined;
  /** Shows the contents too. */
  withContents?: boolean | undefined;
}

export interface WaitOptions extends LongOptions {
  waitMs: number;
}

export interface RetrySelection extends LimitedSelection, LongOptions {
  state?: RetriedState | undefined;
  /** The next ones out. */
  right?: boolean | undefined;
}

export interface MoveSelection extends LimitedSelection, LongOptions {
  state?: UnclaimedState | undefined;
}

/** How an event has ended. Results are only kept with the setting keepCompleted. */
export type Ended =
  | { state: "completed"; result: unknown }
  | { state: "failed"; error: string | undefined }
  /** It is not there, or not any more. */
  | { state: "gone" };

export class ManagedQueue<T> extends QueueChanges<T, "now"> {
  constructor(
    name: string,
    /** For the parts of the client. */
    readonly session: Session,
    codec: Codec<T>,
  ) {
    super(name, runOn(session), codec);
  }

  /** All that is known of an event; null: it is not there. (QGET) */
  get(id: string): Promise<EventFacts<T> | null> {
    const read = (reply: Reply) => (reply === null ? null : this.#factsOf(reply));
    return this.run(again(() => ["QGET", this.name, id], read));
  }

  /** The events that fit, of one state or of all. (QLIST) */
  list(options: ListOptions = {}): AsyncGenerator<EventFacts<T>, void, undefined> {
    return itemsOf(options, (after) => this.listPage({ ...options, after }));
  }

  async listPage(options: ListOptions = {}): Promise<Page<EventFacts<T>>> {
    const words = (): Word[] => [
      "QLIST",
      this.name,
      ...optionWords("STATE", options.state),
      ...selectionWords(options),
      ...pageWords(options),
      ...(options.reverse ? ["REVERSE"] : []),
      ...(options.withContents ? ["CONTENTS"] : []),
    ];
    const page = await this.run(again(words, (reply) => pageOf(reply, (row) => row)));
    const facts = await Promise.all(page.items.map((row) => this.#factsOf(row)));
    return { items: facts, next: page.next };
  }

  /** How many events and consumers it has. (QSTATUS) */
  status(): Promise<QueueStatus> {
    return this.run(
      again(
        () => ["QSTATUS", this.name],
        (reply) => statusOf(arrayIn(reply)[0]!),
      ),
    );
  }

  /** Figures over all okq processes. (QSTATS) */
  stats(): Promise<QueueStats> {
    return this.run(again(() => ["QSTATS", this.name], statsOf));
  }

  /** What happened in the last hour and day. (QHISTORY) */
  history(): Promise<QueueHistory> {
    return this.run(again(() => ["QHISTORY", this.name], historyOf));
  }

  /** The most frequent last errors, of failed events and of those that wait again. (QERRORS) */
  async errors(options: LongOptions & { count?: number } = {}): Promise<ErrorFigure[]> {
    const words = ["QERRORS", this.name, ...optionWords("COUNT", options.count)];
    return arrayIn(await askLong(this.session, words, options, true)).map(errorFigureOf);
  }

  /** The groups with the most ready events. (QGROUPS) */
  async groups(options: LongOptions & { count?: number } = {}): Promise<GroupFacts[]> {
    const words = ["QGROUPS", this.name, ...optionWords("COUNT", options.count)];
    return arrayIn(await askLong(this.session, words, options, true)).map(groupOf);
  }

  /** One group. (QGROUP) */
  group(group: string): Promise<GroupFacts> {
    return this.run(again(() => ["QGROUP", this.name, group], groupOf));
  }

  /** The clients that hold claims of this queue, or wait for its events. (QWORKERS) */
  workers(options: PageOptions & LongOptions = {}): AsyncGenerator<WorkerFacts, void, undefined> {
    return itemsOf(options, (after) => workerPage(this.session, this.name, { ...options, after }));
  }

  /** Its settings, with those of all queues where it has none of its own. (QCONFIG) */
  settings(): Promise<QueueSettings> {
    return this.run(again(() => ["QCONFIG", this.name], settingsOf));
  }

  /** Waits until an event has ended; null: it had not at the end of the time. (QWAIT) */
  async wait(id: string, { waitMs, signal }: WaitOptions): Promise<Ended | null> {
    const words = (leftMs: number) => ["QWAIT", this.name, id, seconds(leftMs, "waitMs")];
    return endedOf((await this.session.wait(words, { waitMs, signal, repeats: true })).reply);
  }

  /**
   * Waits until nothing is ready, delayed or claimed, or with `claimed` until nothing is claimed.
   * False: something was at the end of the time. (QEMPTY)
   */
  async waitUntilEmpty(options: WaitOptions & { claimed?: boolean }): Promise<boolean> {
    const { waitMs, signal, claimed = false } = options;
    const option = claimed ? ["CLAIMED"] : [];
    const words = (ms: number) => ["QEMPTY", this.name, seconds(ms, "waitMs"), ...option];
    const { reply } = await this.session.wait(words, { waitMs, signal, repeats: true });
    if (isOne(reply)) return true;
    // okq answers 0 also if the wait was ended before its time.
    this.session.closeSignal.throwIfAborted();
    signal?.throwIfAborted();
    return false;
  }

  /** The same as retry() for all failed events, and those that wait for another attempt. */
  retryAll(selection: RetrySelection = {}): Promise<number> {
    const { state, right = false } = selection;
    const options = [...(right ? ["RIGHT"] : []), ...optionWords("STATE", state)];
    const words = ["QRETRY", this.name, "ALL", ...options, ...limitedWords(selection)];
    return this.#long(words, selection, numberIn);
  }

  /** Removes the events of a state, those that fit; how many. (QPURGE) */
  purge(state: UnclaimedState, selection: LimitedSelection & LongOptions = {}): Promise<number> {
    const words = ["QPURGE", this.name, state, ...limitedWords(selection)];
    return this.#long(words, selection, numberIn);
  }

  /** Moves events to the left end of another queue, the ready ones or those in a state. (QMOVE) */
  moveAll(target: string, selection: MoveSelection = {}): Promise<number> {
    const state = optionWords("STATE", selection.state);
    const words = ["QMOVE", this.name, target, ...state, ...limitedWords(selection)];
    return this.#long(words, selection, numberIn);
  }

  /** The counters of this queue, in the order of their keys. (QCOUNTER LIST) */
  counters(options: PageOptions = {}): AsyncGenerator<CounterFacts, void, undefined> {
    return itemsOf(options, (after) => this.counterPage({ ...options, after }));
  }

  counterPage(options: PageOptions = {}): Promise<Page<CounterFacts>> {
    const words = () => ["QCOUNTER", "LIST", this.name, ...pageWords(options)];
    return this.run(again(words, (reply) => pageOf(reply, counterFactsOf)));
  }

  /** Pushes the event of a cron entry now. Its id; null: there is no such entry. (QCRON RUN) */
  runCron(name: string): Promise<string | null> {
    const read = (reply: Reply) => (reply === null ? null : textIn(reply));
    return this.run(once(() => ["QCRON", "RUN", this.name, name], read));
  }

  /** The cron entries of this queue. (QCRON LIST) */
  cronEntries(): Promise<CronEntry<T>[]> {
    const entry = (reply: Reply) => cronEntryOf(reply, this.codec.decode);
    const read = (reply: Reply) => Promise.all(arrayIn(reply).map(entry));
    return this.run(again(() => ["QCRON", "LIST", this.name], read));
  }

  #factsOf(reply: Reply): Promise<EventFacts<T>> {
    return eventFactsOf(this.name, reply, this.codec.decode);
  }

  async #long<R>(words: Word[], options: LongOptions, read: (reply: Reply) => R): Promise<R> {
    return read(await askLong(this.session, words, options, false));
  }
}

function endedOf(reply: Reply): Ended | null {
  if (reply === null) return null;
  const [state, said] = arrayIn(reply);
  const bytes = Buffer.isBuffer(said) ? said : undefined;
  switch (textIn(state)) {
    case "completed":
      return { state: "completed", result: valueOf(bytes) };
    case "failed":
      return { state: "failed", error: bytes && textIn(bytes) };
    default:
      return { state: "gone" };
  }
}

/** Each command at once. */
function runOn(session: Session): Run<"now"> {
  return async (command) => {
    const repeats = command.repeat === "again";
    const { reply } = await session.send(await command.words(), { repeats });
    return await command.read(reply);
  };
}
