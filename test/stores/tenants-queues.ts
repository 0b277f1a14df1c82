// Two queues with tenants on a store under test, with the ledger of each, and the time that passes.
import { expect } from "bun:test";
import type { LifeCaller } from "./contract/life-caller.ts";
import type { Random } from "./random.ts";
import { QueueLedger } from "./tenants-ledger.ts";
import { type TenantEvent, Violation } from "./tenants-tenant.ts";

/** What tenants need of a store. */
export interface Market {
  /** Of one store or of several on the same database, with one clock. */
  callers: LifeCaller[];
  /** Closes or kills one of them, and opens it again. The callers may be others then. */
  restart?(random: Random): Promise<void>;
  /** Of what is stored of these queues. */
  leftovers?(queues: string[]): Promise<string[]>;
  close(): Promise<void>;
}

/** In a cluster both are in one shard. */
export const QUEUES = ["tenants", "tenants@other"];

export class TenantQueues {
  readonly ledgers = QUEUES.map((queue) => new QueueLedger(queue));
  readonly market: Market;
  readonly random: Random;
  #acting = 0;
  readonly #dueTimes = new Set<number>();

  constructor(market: Market, random: Random) {
    this.market = market;
    this.random = random;
  }

  /** Of the store that acts now. */
  get caller(): LifeCaller {
    return this.market.callers[this.#acting]!;
  }

  /** Another store may act. Turns of two stores have an order only if the clock moves between. */
  async switch(): Promise<void> {
    const { length } = this.market.callers;
    if (length === 1) return;
    await this.pass(1);
    this.#acting = this.random.below(length);
  }

  get nowMs(): number {
    return this.market.callers[0]!.nowMs;
  }

  /** Mostly the first one. */
  get ledger(): QueueLedger {
    return this.ledgers[this.random.below(5) === 0 ? 1 : 0]!;
  }

  /** To a time at which nothing else is due. */
  delay(): number {
    let afterMs = 1 + this.random.below(1500);
    while (this.#dueTimes.has(this.nowMs + afterMs)) afterMs += 1;
    this.#dueTimes.add(this.nowMs + afterMs);
    return afterMs;
  }

  /** Does what is due then. */
  async pass(ms: number): Promise<void> {
    const { caller } = this;
    caller.advance(ms);
    for (let tries = 0; (await caller.reclaim()) >= 1000; tries++) {
      if (tries > 1000) throw new Error("a tick has always more to do");
    }
    for (const ledger of this.ledgers) {
      for (const event of ledger.passed(this.nowMs)) await this.noteBackoff(ledger, event);
    }
  }

  /** The backoff of its queue says when it comes back. */
  async noteBackoff(ledger: QueueLedger, event: TenantEvent): Promise<void> {
    const { state, atMs } = await this.caller.mustGet(ledger.name, event.id);
    if (state !== "ready" && state !== "delayed") {
      throw new Violation("account", `${event.id} is ${state} after a failure or crash`);
    }
    ledger.ended(event, state === "ready" ? "ready" : { dueAtMs: atMs! }, this.nowMs);
  }

  async configure(values: Record<string, string | null>, at: number): Promise<void> {
    expect(await this.caller.configure(QUEUES[at]!, values)).toBe("ok");
    this.ledgers[at]!.configured(values);
    // The groups that may go by a changed limit or rate are looked for in the background.
    await this.pass(0);
  }
}
