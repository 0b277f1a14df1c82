// Pushes the events of cron entries when they are due. Every okq does it; a store lets one of them
// push for each time.
import { CronSchedule } from "./cron.ts";
import { type CronDefinition, decodeDefinition } from "./cron-definition.ts";
import {
  type CronAt,
  type CronEntry,
  type CronFire,
  type CronOutcome,
  isRefused,
} from "./cron-operations.ts";
import type { Session, Store } from "./store.ts";

/** Called when a turn of an entry is skipped, with the reason. */
export type OnSkipped = (entry: CronEntry, reason: string) => void;

/** Entries in one operation. */
const LIMIT = 16;
const ROUNDS_MAX = 64;
/** A message between processes may be lost: then a time is noticed so late. */
const LATE_MS = 10_000;
/** When this process begins, later ones passed while no okq ran. */
const LATE_AT_START_MS = 1_000;
/** How long an entry waits that this okq cannot read. */
const UNREADABLE_MS = 3_600_000;

export class CronRunner {
  readonly #session: Session;
  readonly #onSkipped: OnSkipped;
  #lateMs = LATE_AT_START_MS;

  constructor(store: Store, onSkipped: OnSkipped) {
    this.#session = store.session();
    this.#onSkipped = onSkipped;
  }

  /**
   * Pushes what is due in these parts of the store. Rejects with a StoreError; what is not pushed
   * then stays due.
   */
  async run(parts: number[]): Promise<void> {
    for (let round = 0; round < ROUNDS_MAX; round++) {
      // oxlint-disable-next-line no-await-in-loop -- an entry may be due several times
      const due = await this.#session.ask({ kind: "cronDue", limit: LIMIT, parts });
      // oxlint-disable-next-line no-await-in-loop
      await Promise.all(due.map((each) => this.#fire(each)));
      if (due.length === 0) break;
    }
    this.#lateMs = LATE_MS;
  }

  async #fire({ entry, nowMs }: CronAt): Promise<void> {
    let fire: CronFire;
    try {
      fire = fireOf(entry, nowMs - this.#lateMs);
    } catch (error) {
      this.#onSkipped(entry, (error as Error).message);
      fire = { ...bare(entry), nextAtMs: nowMs + UNREADABLE_MS };
    }
    const outcome: CronOutcome = await this.#session.ask(fire);
    if (!isRefused(outcome)) return;
    const isOwn = outcome.refusing.equals(entry.queue);
    const which = isOwn ? "the queue" : `the bound queue ${quoted(outcome.refusing)}`;
    const full = `${which} is full`;
    this.#onSkipped(entry, outcome.code === "QUEUEFULL" ? full : `pushes to ${which} are paused`);
  }
}

/** For people. */
function quoted(queue: Buffer): string {
  return JSON.stringify(queue.toString("latin1"));
}

/** Pushes nothing. */
function bare(entry: CronEntry): Omit<CronFire, "nextAtMs"> {
  const { queue, name, version, nextAtMs } = entry;
  const none = { firesAtMs: 0, push: null };
  return { kind: "cronFire", queue, name, version, expectedAtMs: nextAtMs, ...none };
}

/** Times before lateAtMs were missed. */
function fireOf(entry: CronEntry, lateAtMs: number): CronFire {
  const definition = decodeDefinition(entry.definition);
  const schedule = CronSchedule.of(definition.spec, definition.zone);
  if (typeof schedule === "string") throw new Error(`this okq cannot read its ${schedule}`);
  const { setAtMs, nextAtMs: dueAtMs } = entry;
  if (dueAtMs === null) return { ...bare(entry), nextAtMs: schedule.nextAfter(setAtMs) };
  if (dueAtMs >= lateAtMs) return push(entry, definition, dueAtMs, schedule.nextAfter(dueAtMs));
  const nextAtMs = schedule.nextAfter(lateAtMs - 1);
  if (definition.catchUp === "none") return { ...bare(entry), nextAtMs };
  return push(entry, definition, schedule.lastBetween(dueAtMs - 1, lateAtMs - 1), nextAtMs);
}

function push(
  entry: CronEntry,
  { end, contents, options }: CronDefinition,
  firesAtMs: number,
  nextAtMs: number,
): CronFire {
  const id = cronId(entry.name, firesAtMs);
  return { ...bare(entry), nextAtMs, firesAtMs, push: { end, id, contents, options } };
}

/** The id of the event that an entry pushes at that time. */
export function cronId(name: Buffer, atMs: number): Buffer {
  return Buffer.concat([name, Buffer.from(`@${Math.floor(atMs / 1000)}`)]);
}
