// Consumers of queues with tenants: they pop, finish, fail, crash, come late, or are gone.
import { expect } from "bun:test";
import { bytesOf, textOf } from "./contract/caller.ts";
import type { Held } from "./contract/life-caller.ts";
import type { Random } from "./random.ts";
import type { QueueLedger } from "./tenants-ledger.ts";
import type { TenantQueues } from "./tenants-queues.ts";
import { type TenantEvent, Violation } from "./tenants-tenant.ts";

interface Claim {
  /** Of its event. */
  number: number;
  ledger: QueueLedger;
  held: Held;
  event: TenantEvent;
  poppedAtMs: number;
}

export class Consumers {
  readonly #queues: TenantQueues;
  readonly #random: Random;
  #claims: Claim[] = [];
  /** Claims that have ended. */
  readonly #ended: Claim[] = [];

  constructor(queues: TenantQueues) {
    this.#queues = queues;
    this.#random = queues.random;
  }

  #lease(): number {
    return this.#random.of([0, 400, 900, 2500, 6000]);
  }

  async pop(): Promise<void> {
    const [ledger, lease] = [this.#queues.ledger, this.#lease()];
    const held = await this.#queues.caller.claim(ledger.name, lease);
    if (held) this.#noteClaim(ledger, held, lease);
    else ledger.foundNothing(lease, this.#queues.nowMs);
  }

  async popBatch(count: number, lease = this.#lease()): Promise<Claim[]> {
    const ledgers = this.#random.shuffled(this.#queues.ledgers);
    const names = ledgers.map(({ name }) => name);
    const claims = await this.#queues.caller.claimBatch(names, count, lease);
    let at = 0;
    const noted = claims.map((held) => {
      const from = names.indexOf(textOf(held.popped.queue));
      for (; at < from; at++) ledgers[at]!.foundNothing(lease, this.#queues.nowMs);
      return this.#noteClaim(ledgers[from]!, held, lease);
    });
    if (claims.length < count) {
      for (; at < ledgers.length; at++) ledgers[at]!.foundNothing(lease, this.#queues.nowMs);
    }
    return noted;
  }

  #noteClaim(ledger: QueueLedger, held: Held, lease: number): Claim {
    const event = ledger.popped(held.id, lease, this.#queues.nowMs);
    const claim = { number: event.claims, ledger, held, event, poppedAtMs: this.#queues.nowMs };
    if (lease > 0) this.#claims.push(claim);
    return claim;
  }

  #takeClaim(): Claim | undefined {
    const at = this.#random.below(this.#claims.length || 1);
    return this.#claims.splice(at, 1)[0];
  }

  async end(kind: string): Promise<void> {
    this.#forgetEnded();
    if (kind === "late") return this.#endLate();
    if (kind === "undo") return this.#undo();
    if (kind === "ackBatch") return this.ackBatch(this.#queues.ledger, 6);
    const claim = this.#takeClaim();
    if (!claim) return;
    const { ledger, held, event } = claim;
    if (kind === "touch") {
      const lease = this.#random.of([300, 2000]);
      expect(await this.#queues.caller.touch(ledger.name, held, { lease })).toBe("touched");
      event.atMs = this.#queues.nowMs + lease;
      this.#claims.push(claim);
      return;
    }
    this.#ended.push(claim);
    await this.#endClaim(kind, claim);
  }

  async #endClaim(kind: string, { ledger, held, event }: Claim): Promise<void> {
    const [caller, queue] = [this.#queues.caller, ledger.name];
    const afterMs = this.#queues.delay();
    const later = { dueAtMs: this.#queues.nowMs + afterMs };
    if (kind === "ack") {
      expect(await caller.ackClaim(queue, held)).toBe(true);
      ledger.ended(event, "gone", this.#queues.nowMs);
    } else if (kind === "redo") {
      expect(await caller.redoClaim(queue, held)).toBe(true);
      ledger.ended(event, "ready", this.#queues.nowMs);
    } else if (kind === "redoLater") {
      expect(await caller.redoClaim(queue, held, { afterMs })).toBe(true);
      ledger.ended(event, later, this.#queues.nowMs);
    } else if (kind === "failLater") {
      expect(await caller.fail(queue, held, { afterMs })).toBe("delayed");
      ledger.ended(event, later, this.#queues.nowMs);
    } else if (kind === "failForGood") {
      expect(await caller.fail(queue, held, "final")).toBe("failed");
      ledger.ended(event, "failed", this.#queues.nowMs);
    } else {
      if (kind === "fail") await caller.fail(queue, held);
      else expect(await caller.crash(queue, held)).toBe(true);
      await this.#queues.noteBackoff(ledger, event);
    }
  }

  async ackBatch(ledger: QueueLedger, count: number): Promise<void> {
    this.#forgetEnded();
    const own = this.#claims.filter((claim) => claim.ledger === ledger).slice(0, count);
    if (own.length === 0) return;
    this.#claims = this.#claims.filter((claim) => !own.includes(claim));
    const claims = own.map(({ held }) => ({ id: bytesOf(held.id), token: bytesOf(held.token!) }));
    const queue = bytesOf(ledger.name);
    const ended = await this.#queues.caller.submit({ kind: "ackBatch", queue, claims });
    expect(ended).toEqual(own.map(() => true));
    for (const { event } of own) ledger.ended(event, "gone", this.#queues.nowMs);
    this.#ended.push(...own);
  }

  /** A consumer whose claim has ended changes nothing. */
  async #endLate(): Promise<void> {
    if (this.#ended.length === 0) return;
    const isAgain = ({ event }: Claim) => event.state === "claimed";
    const latest = this.#ended.slice(-50);
    const { ledger, held } = latest.findLast(isAgain) ?? this.#random.of(latest);
    const outcomes = await this.#queues.caller.endInEveryWay(ledger.name, held);
    for (const outcome of outcomes)
      if (outcome) throw new Violation("account", "a late end counts");
  }

  /** The clients are gone for which some events were popped. */
  async #undo(): Promise<void> {
    const claims = await this.popBatch(1 + this.#random.below(4));
    this.#claims = this.#claims.filter((claim) => !claims.includes(claim));
    for (const { ledger, held, event, poppedAtMs } of this.#random.shuffled(claims)) {
      expect(await this.#queues.caller.unpop(ledger.name, held.popped)).toBe(true);
      ledger.undone(event, poppedAtMs, this.#queues.nowMs);
    }
  }

  /** Leases end as time passes. */
  #forgetEnded(): void {
    const isOver = ({ event, number }: Claim) =>
      event.state !== "claimed" || event.claims !== number;
    this.#ended.push(...this.#claims.filter(isOver));
    this.#claims = this.#claims.filter((claim) => !isOver(claim));
  }
}
