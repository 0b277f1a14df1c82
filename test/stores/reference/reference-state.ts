// All queues of the reference store, its counter, and what is due by the clock.
import type { Report } from "../../../src/queue/report.ts";
import type { CronEntry } from "../../../src/queue/cron-operations.ts";
import { forgottenAtMs } from "../../../src/queue/windows.ts";
import { ReferenceGiven } from "./reference-given.ts";
import { ReferenceHistory } from "./reference-history.ts";
import { ReferenceQueue, type Shared } from "./reference-queue.ts";
import { statusOf } from "./reference-status.ts";

/** Something to do at a time. `order` decides between equal times. */
interface Due {
  atMs: number;
  order: number;
  isMove: boolean;
  run(): void;
}

export function cronDueAtMs({ setAtMs, nextAtMs }: CronEntry): number {
  return nextAtMs ?? setAtMs;
}

export class ReferenceState implements Shared {
  nowMs = 0;
  /** In a transaction, whose pushes are judged. */
  isJudged = false;
  /** How far the list operations of a transaction may still go; null outside of one. */
  reachLeft: number | null = null;
  /** The members of sets by name; none is empty. */
  readonly sets = new Map<string, Set<string>>();
  readonly allSettings = new ReferenceGiven();
  /** The numbers of the counts so far. */
  readonly counted = new Set<number>();
  readonly #queues = new Map<string, ReferenceQueue>();
  readonly #onReady: (name: string, count: number) => void;
  #number = 0;
  #madeMs = 0;
  #madeCount = 0;

  constructor(
    onReady: (name: string, count: number) => void,
    readonly report: (report: Report) => void,
  ) {
    this.#onReady = onReady;
  }

  number(): number {
    return ++this.#number;
  }

  made(): string {
    const nowMs = Math.floor(this.nowMs);
    if (nowMs > this.#madeMs) [this.#madeMs, this.#madeCount] = [nowMs, 0];
    else this.#madeCount += 1;
    return `${this.#madeMs}-${this.#madeCount}`;
  }

  /** An id that the queue does not know: a client may have chosen one that looks as if made. */
  newId(queue: ReferenceQueue): string {
    const id = this.made();
    return queue.tree.isKnown(id) || queue.takenForPush(id) ? this.newId(queue) : id;
  }

  queue(name: string): ReferenceQueue {
    let queue = this.#queues.get(name);
    if (!queue) this.#queues.set(name, (queue = new ReferenceQueue(name, this)));
    return queue;
  }

  usedQueues(): string[] {
    const used = [...this.#queues.values()].filter((queue) => queue.isUsed);
    return used.map(({ name }) => name).toSorted((a, b) => (a < b ? -1 : 1));
  }

  becameReady(name: string, count: number): void {
    this.#onReady(name, count);
  }

  tick(limit: number): number {
    let moved = 0;
    for (;;) {
      const [first] = this.#due();
      if (first?.isMove && moved === limit) return moved;
      if (!first) break;
      first.run();
      if (first.isMove) moved += 1;
    }
    for (const queue of this.#queues.values()) {
      queue.dropSurplus();
      for (const end of queue.turns.endedPauses()) end();
    }
    return moved;
  }

  /** To be called after each operation. */
  settle(): void {
    for (const { turns } of this.#queues.values()) turns.settle();
  }

  /** To be called at the end of a batch. */
  settleTallied(): void {
    for (const queue of this.#queues.values()) {
      if (queue.isUsed) queue.history.settle(statusOf(queue), this.nowMs);
      else queue.history = new ReferenceHistory();
    }
  }

  /** When something is to be done; Infinity if there is nothing. */
  get dueAtMs(): number {
    const ofTurns = [...this.#queues.values()].map(({ turns }) => turns.dueAtMs);
    return Math.min(this.cronDueAtMs, ...this.#dues().map(({ atMs }) => atMs), ...ofTurns);
  }

  get cronDueAtMs(): number {
    return Math.min(Infinity, ...this.crons.map(cronDueAtMs));
  }

  get crons(): CronEntry[] {
    return [...this.#queues.values()].flatMap(({ crons }) => crons.values().toArray());
  }

  #dues(): Due[] {
    const queues = [...this.#queues.values()];
    return queues.flatMap((queue) =>
      this.#dueEvents(queue).concat(
        this.#duePauses(queue),
        this.#dueWindows(queue),
        this.#dueCounters(queue),
      ),
    );
  }

  #due(): Due[] {
    return this.#dues()
      .filter(({ atMs }) => atMs <= this.nowMs)
      .toSorted((a, b) => a.atMs - b.atMs || a.order - b.order);
  }

  #dueEvents(queue: ReferenceQueue): Due[] {
    const { keepFailed, keepCompleted } = queue.given;
    const dues: Due[] = [];
    for (const event of queue.events.values()) {
      const { state, claim, atMs } = event;
      const add = (at: number, order: number, run: () => void) =>
        dues.push({ atMs: at, order, isMove: true, run });
      if (claim) add(claim.endsAtMs, claim.number, () => queue.crash(event));
      if (state === "delayed") add(atMs, 0, () => queue.enter(event, null, queue.rankAt("left")));
      const expiresAtMs = queue.expiresAtMs(event);
      const isWaiting = state === "ready" || state === "delayed";
      if (isWaiting && expiresAtMs !== null) add(expiresAtMs, 0, () => queue.expire(event));
      const keepMs = { failed: keepFailed.ms, completed: keepCompleted.ms }[state as "failed"];
      if (keepMs) add(atMs + keepMs, 0, () => queue.remove(event));
    }
    return dues;
  }

  #dueCounters({ counters }: ReferenceQueue): Due[] {
    return [...counters.values()].map(({ key, endsAtMs }) => ({
      atMs: endsAtMs,
      order: 0,
      isMove: false,
      run: () => counters.delete(key),
    }));
  }

  #dueWindows({ windows, keys }: ReferenceQueue): Due[] {
    return [windows, keys.windows].flatMap((all) =>
      [...all].map(([id, endsAtMs]) => ({
        atMs: forgottenAtMs(endsAtMs),
        order: 0,
        isMove: false,
        run: () => all.delete(id),
      })),
    );
  }

  #duePauses(queue: ReferenceQueue): Due[] {
    const end =
      <K>(pauses: Map<K, number>, key: K, isOut: boolean) =>
      () => {
        pauses.delete(key);
        if (isOut) queue.tellReady(queue.count("ready"));
      };
    const dues: Due[] = [];
    const add = (atMs: number, run: () => void) =>
      dues.push({ atMs, order: 0, isMove: false, run });
    for (const [direction, atMs] of queue.pauses) {
      add(atMs, end(queue.pauses, direction, direction === "out"));
    }
    for (const [worker, atMs] of queue.workerPauses)
      add(atMs, end(queue.workerPauses, worker, true));
    return dues;
  }
}
