// Many tenants with uneven loads on two queues of a store, and consumers that work, fail and crash.
// Every answer goes to the ledgers, which check it.
import { expect } from "bun:test";
import { bytesOf } from "./contract/caller.ts";
import { Random } from "./random.ts";
import { Consumers } from "./tenants-consumers.ts";
import type { QueueLedger } from "./tenants-ledger.ts";
import { type Market, QUEUES, TenantQueues } from "./tenants-queues.ts";
import { type TenantEvent, Violation } from "./tenants-tenant.ts";

const TENANTS = 40;

const settings: Record<string, (string | null)[]> = {
  "group-limit": ["1", "1", "2", "3", "0", null],
  rate: ["", "12/1", "40/2.5", null],
  "group-rate": ["", "", "3/1", "5/2.5", null],
  "max-claimed": ["0", "2", "9", null],
  backoff: ["none", "fixed 0.4"],
  "crash-backoff": ["none", "fixed 0.3"],
};

const weights = {
  push: 30,
  pushBatch: 10,
  pop: 60,
  popBatch: 20,
  ack: 30,
  ackBatch: 12,
  fail: 8,
  failLater: 5,
  failForGood: 2,
  redo: 3,
  redoLater: 2,
  crash: 3,
  touch: 2,
  late: 2,
  undo: 5,
  pass: 24,
  pause: 3,
  resume: 2,
  pauseQueue: 1,
  own: 4,
  configure: 9,
  remove: 3,
  move: 4,
  retry: 2,
  restart: 1,
  group: 4,
};

export class Tenants {
  readonly #random: Random;
  readonly #queues: TenantQueues;
  readonly #consumers: Consumers;
  /** How many events each tenant has yet to push; the first one's have no group. */
  readonly #loads: number[];
  #pushes = 0;
  readonly #log: string[] = [];

  constructor(market: Market, seed: number) {
    this.#random = new Random(seed);
    this.#queues = new TenantQueues(market, this.#random);
    this.#consumers = new Consumers(this.#queues);
    const random = this.#random;
    this.#loads = Array.from({ length: TENANTS }, (_, at) => {
      if (at < 3) return 60 + random.below(100);
      return at < 12 ? 10 + random.below(20) : 1 + random.below(6);
    });
  }

  /** Up to so many steps, and then the rest of the work. */
  async run(steps: number): Promise<void> {
    try {
      const bound = this.#random.of([{ "max-claimed": "2" }, { rate: "12/1" }, {}]);
      const first = { "group-limit": "1", backoff: "fixed 0.4", ...bound };
      await this.#queues.configure(first, 0);
      for (let step = 0; step < steps; step++) {
        const kind = this.#random.weighted(weights);
        this.#log.push(`${step} ${kind}`);
        await this.#queues.switch();
        await this.#step(kind);
        await this.#checkCounts();
      }
      await this.#finish();
    } catch (error) {
      const latest = this.#log.slice(-12).join(", ");
      if (error instanceof Violation)
        throw new Violation(error.rule, `${error.message} (${latest})`);
      throw new Error(`after the steps ${latest}`, { cause: error });
    }
  }

  async #step(kind: keyof typeof weights): Promise<void> {
    switch (kind) {
      case "push":
        return this.#push(1);
      case "pushBatch":
        return this.#push(2 + this.#random.below(20));
      case "pop":
        return this.#consumers.pop();
      case "popBatch":
        return void (await this.#consumers.popBatch(1 + this.#random.below(12)));
      case "pass":
        return this.#queues.pass(1 + this.#random.below(this.#random.below(4) === 0 ? 1500 : 250));
      case "pause":
      case "resume":
      case "pauseQueue":
        return this.#pause(kind);
      case "own":
        return this.#setOwn();
      case "configure":
        return this.#change();
      case "remove":
      case "move":
      case "retry":
        return this.#manage(kind);
      case "restart":
        await this.#queues.market.restart?.(this.#random);
        return;
      case "group":
        return this.#checkGroup();
      default:
        return this.#consumers.end(kind);
    }
  }

  #groupOf(tenant: number): string | null {
    return tenant === 0 ? null : `t${tenant}`;
  }

  /** The long lines come early. */
  async #push(count: number): Promise<void> {
    const random = this.#random;
    const waiting = this.#loads.flatMap((load, at) => (load > 0 ? [at] : []));
    if (waiting.length === 0) return;
    const tenant = count > 1 && random.below(2) === 0 ? waiting[0]! : random.of(waiting);
    const ledger = this.#queues.ledger;
    const group = this.#groupOf(tenant);
    const size = Math.min(count, this.#loads[tenant]!);
    this.#loads[tenant]! -= size;
    const ids = Array.from({ length: size }, () => `${group ?? "-"} ${++this.#pushes}`);
    const priority = group === null ? random.of([0, 0, -3, 7]) : 0;
    const afterMs = size === 1 && random.below(6) === 0 ? this.#queues.delay() : null;
    const options = {
      ...(group === null ? { priority } : { group }),
      start: afterMs === null ? null : { afterMs },
    };
    const pushed =
      size === 1
        ? [await this.#queues.caller.pushWith(ledger.name, ids[0]!, options)]
        : await this.#queues.caller.pushBatch(ledger.name, ids, options);
    expect(pushed).toEqual(ids);
    const start = afterMs === null ? "ready" : { dueAtMs: this.#queues.nowMs + afterMs };
    for (const id of ids) ledger.entered({ id, group, priority, start }, this.#queues.nowMs);
  }

  #someGroup(): string {
    return this.#groupOf(1 + this.#random.below(TENANTS - 1))!;
  }

  async #pause(kind: "pause" | "resume" | "pauseQueue"): Promise<void> {
    const random = this.#random;
    const [ledger, queue] = [this.#queues.ledgers[0]!, QUEUES[0]!];
    const group = kind === "pauseQueue" ? null : this.#someGroup();
    if (kind === "resume") {
      await this.#queues.caller.resume(queue, ["out"], null, group);
      return ledger.paused(group, 0);
    }
    const forMs = group !== null && random.below(6) === 0 ? null : 1 + random.below(900);
    expect(await this.#queues.caller.pause(queue, ["out"], { forMs, group })).toBe(true);
    ledger.paused(group, forMs === null ? Infinity : this.#queues.nowMs + forMs);
  }

  async #setOwn(): Promise<void> {
    const random = this.#random;
    const limit = random.of(["0", "1", "2", "3", null]);
    const rate = random.of(["", "2/1", "4/2", null]);
    const own = random.of([{ limit }, { rate }, { limit, rate }]);
    const [ledger, group] = [this.#queues.ledger, this.#someGroup()];
    expect(await this.#queues.caller.setGroup(ledger.name, group, own)).toBe(true);
    ledger.configuredGroup(group, own);
  }

  async #change(): Promise<void> {
    const name = this.#random.of(Object.keys(settings));
    const at = this.#random.below(5) === 0 ? 1 : 0;
    await this.#queues.configure({ [name]: this.#random.of(settings[name]!) }, at);
  }

  async #manage(kind: "remove" | "move" | "retry"): Promise<void> {
    const random = this.#random;
    const from = this.#queues.ledger;
    const to = this.#queues.ledgers.find((ledger) => ledger !== from)!;
    const states = kind === "retry" ? ["failed"] : ["ready", "ready", "delayed", "failed"];
    const events = from.in(random.of(states) as "ready");
    if (events.length === 0) return;
    const event = random.of(events);
    const isDueWith = ({ atMs }: TenantEvent) => atMs === event.atMs;
    // Of those that are due at the same time any may have the first place.
    const others = this.#queues.ledgers.flatMap((ledger) => ledger.in("delayed").filter(isDueWith));
    if (kind === "move" && event.state === "delayed" && others.length > 1) return;
    if (kind === "remove")
      expect(await this.#queues.caller.remove(from.name, [event.id])).toEqual([true]);
    if (kind === "retry") {
      expect(await this.#queues.caller.retry(from.name, [event.id])).toEqual([true]);
      return from.changed(event, "ready", this.#queues.nowMs);
    }
    if (kind === "move") await this.#move(from, to, event);
    from.changed(event, "gone", this.#queues.nowMs);
  }

  async #move(from: QueueLedger, to: QueueLedger, event: TenantEvent): Promise<void> {
    const targets = [{ id: bytesOf(event.id), version: null }];
    const names = { queue: bytesOf(from.name), target: bytesOf(to.name) };
    expect(await this.#queues.caller.submit({ kind: "move", ...names, targets })).toEqual([true]);
    const { id, priority, state, atMs } = event;
    const start = state === "delayed" ? { dueAtMs: atMs } : (state as "ready" | "failed");
    to.entered({ id, group: event.tenant.name, priority, start }, this.#queues.nowMs);
  }

  async #checkGroup(): Promise<void> {
    const [ledger, group] = [this.#queues.ledger, this.#someGroup()];
    const { ready, delayed, claimed } = await this.#queues.caller.group(ledger.name, group);
    const tenant = ledger.tenant(group);
    const known = [tenant.ready.size, tenant.delayed.size, tenant.claimed];
    const there = [ready, delayed, claimed];
    if (there.join() === known.join()) return;
    throw new Violation("account", `${group} has ${there.join()}, not ${known.join()}`);
  }

  async #checkCounts(): Promise<void> {
    const rows = await this.#queues.caller.submit({ kind: "status", queues: QUEUES.map(bytesOf) });
    for (const [at, row] of rows.entries()) {
      for (const state of ["ready", "delayed", "claimed", "failed"] as const) {
        const count = this.#queues.ledgers[at]!.count(state);
        if (row[state] === count) continue;
        throw new Violation("account", `${QUEUES[at]} has ${row[state]} ${state}, not ${count}`);
      }
    }
  }

  /** Works off all that is there, and looks whether anything is left behind. */
  async #finish(): Promise<void> {
    this.#log.push("finish");
    while (this.#loads.some((load) => load > 0)) await this.#push(20);
    await this.#goOn();
    const isOver = () => this.#queues.ledgers.every((ledger) => ledger.isOver);
    for (let round = 0; !isOver(); round++) {
      if (round > 200) throw new Violation("idle", "the work does not end");
      // Long lines go faster without limits.
      if (round === 10) await this.#queues.configure({ "group-limit": "0", "group-rate": null }, 0);
      if (round === 12) await this.#queues.configure({ "group-limit": "0", "group-rate": null }, 1);
      await this.#consumers.popBatch(100, 3000);
      for (const ledger of this.#queues.ledgers) await this.#consumers.ackBatch(ledger, 200);
      await this.#checkCounts();
      await this.#queues.pass(300);
    }
    await this.#checkEmpty();
  }

  /** Holds nothing back any more but by the limits and rates that all groups have. */
  async #goOn(): Promise<void> {
    for (const [at, queue] of QUEUES.entries()) {
      await this.#queues.configure({ rate: null, "max-claimed": null }, at);
      await this.#queues.caller.resume(queue, ["out"]);
      this.#queues.ledgers[at]!.paused(null, 0);
      for (let tenant = 1; tenant < TENANTS; tenant++) {
        const group = this.#groupOf(tenant)!;
        await this.#queues.caller.resume(queue, ["out"], null, group);
        this.#queues.ledgers[at]!.paused(group, 0);
        const none = { limit: null, rate: null };
        await this.#queues.caller.setGroup(queue, group, none);
        this.#queues.ledgers[at]!.configuredGroup(group, none);
      }
    }
  }

  async #checkEmpty(): Promise<void> {
    for (const [at, ledger] of this.#queues.ledgers.entries()) {
      const failed = ledger.in("failed").map(({ id }) => id);
      expect((await this.#queues.caller.ids(ledger.name, "failed")).toSorted()).toEqual(
        failed.toSorted(),
      );
      for (const id of failed)
        expect(await this.#queues.caller.remove(ledger.name, [id])).toEqual([true]);
      const none = Object.keys(settings).map((name): [string, null] => [name, null]);
      await this.#queues.configure(Object.fromEntries(none), at);
    }
    await this.#queues.pass(10_000);
    const { caller, market } = this.#queues;
    const groups = await Promise.all(QUEUES.map((queue) => caller.groups(queue)));
    const left: unknown[] = groups.flatMap((those) => Object.keys(those));
    left.push(...(await caller.list()), ...((await market.leftovers?.(QUEUES)) ?? []));
    if (left.length > 0) throw new Violation("account", `${left.join()} is left behind`);
  }
}
