// The queues of the local store: their settings and pauses, when something is due in them, and
// which of them are unused.
import {
  type GivenSettings,
  type Keep,
  type QueueSettings,
  settingsOf,
} from "../../queue/settings.ts";
import { forgottenAtMs } from "../../queue/windows.ts";
import type { Changes } from "./changes.ts";
import type { LocalHistory } from "./history.ts";
import { Crons } from "./crons.ts";
import { IndexedHeap } from "./indexed-heap.ts";
import type { LocalCron } from "./local-cron.ts";
import {
  type EventOrKey,
  isQueueDueBefore,
  LocalQueue,
  NO_SETTINGS,
  type Pauses,
  type Review,
  type Survey,
} from "./local-queue.ts";
import type { QueueFacts } from "./queue-facts.ts";
import { Sets } from "./sets.ts";
import { SortedNames } from "./sorted-names.ts";
import type { TimeLine } from "./time-line.ts";
import { UnusedQueues } from "./unused-queues.ts";
import { Usage } from "./usage.ts";

const NOTHING: ReadonlySet<string> = new Set();

export class LocalQueues {
  /** The time of the current batch: all its operations see the same time. */
  nowMs = 0;
  /** The queues that have consumers. */
  readonly consumed = new Set<LocalQueue>();
  /** Of all queues, also unused ones; ascending by bytes, which is the order of latin1 strings. */
  readonly names = new SortedNames();
  readonly usage = new Usage();
  readonly crons = new Crons(this.usage);
  readonly sets = new Sets(this.usage);
  /** The queues whose settings have changed, and how far their events were looked at. */
  readonly reviews = new Map<LocalQueue, Review>();
  /** null: each queue was looked at since the settings of all of them have changed. */
  survey: Survey | null = null;
  /** How many queues have bound ones. */
  binding = 0;
  /** The settings of all queues. */
  defaults: GivenSettings = NO_SETTINGS;
  /** null without a journal. */
  protected changes: Changes | null = null;
  #settingsVersion = 0;
  /** Of queues without settings of their own. */
  #commonSettings = settingsOf(NO_SETTINGS, NO_SETTINGS);
  readonly #queues = new Map<string, LocalQueue>();
  readonly #unused = new UnusedQueues();
  /** Queues in which something will be due; the earliest is first. */
  readonly #due = new IndexedHeap<LocalQueue>(isQueueDueBefore);

  get(name: string): LocalQueue | undefined {
    return this.#queues.get(name);
  }

  /** The queue of that name; creates it if needed. It is to get something at once. */
  open(name: string): LocalQueue {
    let queue = this.get(name);
    if (queue === undefined) {
      queue = new LocalQueue(name);
      this.#queues.set(name, queue);
      this.names.add(name);
      this.usage.addQueue(name);
    }
    return queue;
  }

  setConsumers(name: string, count: number): void {
    const queue = count > 0 ? this.open(name) : this.get(name);
    if (!queue) return;
    queue.consumers = count;
    if (count > 0) this.consumed.add(queue);
    else this.consumed.delete(queue);
    this.noteIfUnused(queue);
  }

  /** What holds for a queue without settings of its own. */
  get commonSettings(): QueueSettings {
    return this.#commonSettings;
  }

  /** What holds for a queue. */
  settingsOf(queue: LocalQueue): QueueSettings {
    if (queue.given.size === 0) return this.#commonSettings;
    if (queue.settings === null || queue.settingsVersion !== this.#settingsVersion) {
      queue.settings = settingsOf(queue.given, this.defaults);
      queue.settingsVersion = this.#settingsVersion;
    }
    return queue.settings;
  }

  /** Gives a queue these settings of its own. */
  setSettings(queue: LocalQueue, given: GivenSettings): void {
    const { given: before } = queue;
    this.changes?.configured(queue, () => this.#setGiven(queue, before));
    this.#setGiven(queue, given);
  }

  #setGiven(queue: LocalQueue, given: GivenSettings): void {
    this.usage.settingBytes += sizeOf(given) - sizeOf(queue.given);
    queue.given = given;
    queue.settings = null;
    this.noteDue(queue);
    this.noteIfUnused(queue);
  }

  /** Changes the settings of all queues. Begin a survey then: something may be due earlier. */
  setDefaults(defaults: GivenSettings): void {
    const { defaults: before } = this;
    const { changes } = this;
    if (changes) {
      changes.step(() => {
        this.restoreDefaults(before);
        this.survey = { after: null, settings: this.survey?.settings ?? NOTHING };
      });
      changes.defaults = defaults;
    }
    this.restoreDefaults(defaults);
  }

  /** Call it at start, before any queue is there, or through setDefaults. */
  restoreDefaults(defaults: GivenSettings): void {
    this.defaults = defaults;
    this.#settingsVersion++;
    this.#commonSettings = settingsOf(NO_SETTINGS, defaults);
  }

  /** Sets a cron entry, or removes it (null). */
  setCron(queue: LocalQueue, name: string, entry: LocalCron | null): void {
    this.crons.set(queue, name, entry, this.changes);
    this.noteIfUnused(queue);
  }

  /** The members are not in the set. */
  addToSet(name: string, members: string[]): void {
    this.changes?.changedSet(this.sets, name, members, () => this.sets.remove(name, members));
    this.sets.add(name, members);
  }

  /** The members are in the set. */
  removeFromSet(name: string, members: string[]): void {
    this.changes?.changedSet(this.sets, name, members, () => this.sets.add(name, members));
    this.sets.remove(name, members);
  }

  /** There is a set of that name. */
  dropSet(name: string): void {
    const members = [...this.sets.membersOf(name)];
    this.changes?.changedSet(this.sets, name, [null], () => this.sets.add(name, members));
    this.sets.remove(name, members);
  }

  setPauses(queue: LocalQueue, pauses: Pauses | null): void {
    const { pauses: before } = queue;
    const set = (value: Pauses | null) => {
      queue.pauses = value;
      this.noteDue(queue);
      this.noteIfUnused(queue);
    };
    this.changes?.configured(queue, () => set(before));
    set(pauses);
  }

  /** null: none. */
  setBindings(queue: LocalQueue, bindings: readonly string[] | null): void {
    const { bindings: before } = queue;
    this.changes?.configured(queue, () => this.#setBindings(queue, before));
    this.#setBindings(queue, bindings);
  }

  #setBindings(queue: LocalQueue, bindings: readonly string[] | null): void {
    this.usage.settingBytes += sizeOfNames(bindings) - sizeOfNames(queue.bindings);
    this.binding += Number(bindings !== null) - Number(queue.bindings !== null);
    queue.bindings = bindings;
    this.noteIfUnused(queue);
  }

  /** null: it has come to its end. */
  setReview(queue: LocalQueue, review: Review | null): void {
    let before = this.reviews.get(queue) ?? null;
    // Groups that were looked at since are looked at again if that is undone.
    if (review !== null && review.groups !== null) {
      before = { hasSurplus: false, expiries: null, ...before, groups: 0 };
    }
    const set = (value: Review | null) => {
      if (value === null) this.reviews.delete(queue);
      else this.reviews.set(queue, value);
    };
    this.changes?.undoBy(() => set(before));
    set(review);
  }

  /** null: it has come to its end. */
  setSurvey(survey: Survey | null): void {
    const { survey: before } = this;
    this.changes?.undoBy(() => (this.survey = before));
    this.survey = survey;
  }

  /** Whether that pause holds now. */
  isPaused(until: number | null | undefined): boolean {
    return until !== null && until !== undefined && until > this.nowMs;
  }

  /** Whether pops may be answered: not paused, and not too many claims. */
  isHandingOut(queue: LocalQueue): boolean {
    if (queue.pauses !== null && this.isPaused(queue.pauses.out)) return false;
    const { claimedMax } = this.settingsOf(queue);
    return claimedMax === null || queue.claimed.length < claimedMax;
  }

  /** Notes the earliest time at which something is due in a queue. */
  noteDue(queue: LocalQueue): void {
    const dueMs = this.#dueMsOf(queue);
    if (dueMs === queue.dueMs) return;
    queue.dueMs = dueMs;
    if (queue.heapAt === -1) this.#due.add(queue);
    else if (dueMs === Infinity) this.#due.remove(queue);
    else this.#due.moved(queue);
  }

  #dueMsOf(queue: LocalQueue): number {
    const { claimed, delayed, expiring, failed, completed, pauses } = queue;
    const { windows, keyWindows } = queue;
    let dueMs = claimed.firstMs;
    if (windows !== null) dueMs = Math.min(dueMs, forgottenAtMs(windows.firstMs));
    if (queue.counters !== null) dueMs = Math.min(dueMs, queue.counters.firstMs);
    if (keyWindows !== null) dueMs = Math.min(dueMs, forgottenAtMs(keyWindows.firstMs));
    if (delayed !== null) dueMs = Math.min(dueMs, delayed.firstMs);
    if (expiring !== null) dueMs = Math.min(dueMs, expiring.firstMs);
    if (failed !== null && failed.length > 0) {
      dueMs = Math.min(dueMs, trimMsOf(failed, this.settingsOf(queue).keepFailed));
    }
    if (completed !== null && completed.length > 0) {
      dueMs = Math.min(dueMs, trimMsOf(completed, this.settingsOf(queue).keepCompleted));
    }
    dueMs = Math.min(dueMs, queue.rateDueMs);
    if (queue.groups !== null) dueMs = Math.min(dueMs, queue.groups.dueMs);
    if (pauses === null) return dueMs;
    return Math.min(
      dueMs,
      pauses.in ?? Infinity,
      pauses.out ?? Infinity,
      ...pauses.workers.values(),
    );
  }

  /** The queue in which something is due now, if there is one. */
  get dueQueue(): LocalQueue | null {
    let queue = this.#due.first;
    while (queue && queue.dueMs <= this.nowMs) {
      if (this.survey === null) return queue;
      // By the settings before it may have been due earlier.
      const { dueMs } = queue;
      this.noteDue(queue);
      if (queue.dueMs === dueMs) return queue;
      queue = this.#due.first;
    }
    return null;
  }

  /** When something is due; at once if an unused queue can be forgotten; or Infinity. */
  get dueAtMs(): number {
    const isNow = this.#unused.size > 0 || this.reviews.size > 0 || this.survey !== null;
    return isNow ? 0 : Math.min(this.#due.first?.dueMs ?? Infinity, this.crons.firstMs);
  }

  /** Forgets unused queues; waits for the next batch while changes may still be undone. */
  sweep(): void {
    this.#unused.sweep(this.changes?.isEmpty !== false, this.#forget);
  }

  readonly #forget = (queue: LocalQueue): void => {
    if (!this.#queues.delete(queue.name)) return;
    this.names.remove(queue.name);
    this.reviews.delete(queue);
    this.setHistory(queue, null);
    this.usage.removeQueue(queue.name);
    if (queue.number === 0) return;
    this.changes?.forgotten.push(queue.number);
    this.demandWrite();
  };

  noteIfUnused(queue: LocalQueue): void {
    this.#unused.note(queue);
  }

  protected setHistory(queue: LocalQueue, history: LocalHistory | null): void {
    this.usage.historyBytes += (history?.bytes ?? 0) - (queue.history?.bytes ?? 0);
    queue.history = history;
  }

  /** At start: the steps that are over of a queue whose facts are restored. */
  restoreSteps(queue: LocalQueue, hour: Uint8Array, day: Uint8Array): void {
    if (queue.history !== null) this.setHistory(queue, queue.history.withSteps(hour, day));
  }

  /** Makes the journal write with this batch, even if nothing has changed. */
  demandWrite(): void {
    if (this.changes) this.changes.isDemanded = true;
  }

  /** At start: what a queue has besides its events. */
  restoreFacts(queue: LocalQueue, { given, bindings, history, ...facts }: QueueFacts): void {
    this.#setGiven(queue, given);
    this.#setBindings(queue, bindings);
    this.setHistory(queue, history);
    this.usage.settingBytes += facts.stream?.bytes ?? 0;
    Object.assign(queue, facts);
  }

  /** Notes anew for every queue when something is due. */
  noteAllDue(): void {
    for (const queue of this.#queues.values()) this.noteDue(queue);
  }

  /** All queues. */
  all(): Iterable<LocalQueue> {
    return this.#queues.values();
  }

  get queueCount(): number {
    return this.#queues.size;
  }

  /** Sweeps if a sweep had to wait. */
  protected sweepIfDue(): void {
    if (this.#unused.isSweepDue) this.sweep();
  }
}

/** When the first of them was kept long enough. */
function trimMsOf(line: TimeLine<EventOrKey>, { ms }: Keep): number {
  return ms === null ? Infinity : line.firstMs + ms;
}

function sizeOf(given: GivenSettings): number {
  let bytes = 0;
  for (const [name, value] of given) bytes += name.length + value.length + 100;
  return bytes;
}

function sizeOfNames(names: readonly string[] | null): number {
  return (names ?? []).reduce((bytes, name) => bytes + name.length + 100, 0);
}
