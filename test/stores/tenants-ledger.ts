// Checks that a queue keeps the order within groups, limits, rates and turns, and loses nothing. It
// is told every answer of the store in order, and throws a Violation at the first wrong one.
import {
  type Common,
  HandedOut,
  rateOf,
  type Rule,
  Tenant,
  type TenantEvent,
  Violation,
} from "./tenants-tenant.ts";

export interface Entered {
  id: string;
  /** null: none. */
  group: string | null;
  priority: number;
  start: "ready" | "failed" | { dueAtMs: number };
}

/** What has become of an event that was claimed. */
export type Next = "gone" | "failed" | "ready" | { dueAtMs: number };

export class QueueLedger {
  readonly events = new Map<string, TenantEvent>();
  readonly #tenants = new Map<string | null, Tenant>();
  readonly #handedOut = new HandedOut();
  readonly #common: Common = { limit: 1, rate: "" };
  #rate = "";
  #claimsMax = 0;
  #claims = 0;
  #pausedUntilMs = 0;
  /** Ascends with every turn and every place in a group. */
  #number = 0;

  constructor(readonly name: string) {}

  tenant(name: string | null): Tenant {
    let tenant = this.#tenants.get(name);
    if (!tenant) this.#tenants.set(name, (tenant = new Tenant(name)));
    return tenant;
  }

  /** The events in that state. */
  in(state: TenantEvent["state"]): TenantEvent[] {
    return [...this.events.values()].filter((event) => event.state === state);
  }

  count(state: TenantEvent["state"]): number {
    return this.in(state).length;
  }

  /** Whether no event is there but failed ones. */
  get isOver(): boolean {
    return [...this.events.values()].every(({ state }) => state === "gone" || state === "failed");
  }

  /** It was pushed, or moved to here. */
  entered({ id, group, priority, start }: Entered, nowMs: number): void {
    const tenant = this.tenant(group);
    const fresh = { id, tenant, priority, rank: null, claims: 0, isAgain: false, atMs: 0 };
    const event: TenantEvent = { ...fresh, state: "gone" };
    this.events.set(id, event);
    this.#enter(event, start, nowMs);
  }

  /** It was handed out. A lease of 0 acknowledges it. */
  popped(id: string, leaseMs: number, nowMs: number): TenantEvent {
    const event = this.events.get(id);
    if (event?.state !== "ready") {
      throw new Violation("account", `${id} is handed out, and is ${event?.state ?? "unknown"}`);
    }
    const { tenant } = event;
    this.#checkQueue(leaseMs, nowMs);
    const reason = tenant.heldBackBy(nowMs, this.#common);
    if (reason !== null && reason !== "perhaps") {
      throw new Violation(reason as Rule, `${id} is handed out, and ${tenant.name} may not go`);
    }
    if (!tenant.isFirst(event)) throw new Violation("order", `${id} overtakes others`);
    this.#checkTurn(tenant, nowMs);
    tenant.ready.delete(event);
    const turn = ++this.#number;
    tenant.turn = { earliest: tenant.name === null && !this.#hasGroups ? 0 : turn, latest: turn };
    tenant.handedOut.add(nowMs);
    this.#handedOut.add(nowMs);
    if (leaseMs === 0) event.state = "gone";
    else this.#claim(event, nowMs + leaseMs);
    return event;
  }

  /** A pop found nothing more. */
  foundNothing(leaseMs: number, nowMs: number): void {
    const rate = rateOf(this.#rate);
    if (this.#heldBackBy(leaseMs, nowMs) !== null) return;
    if (rate && this.#handedOut.mayBeFull(nowMs, rate, 10)) return;
    for (const tenant of this.#tenants.values()) {
      if (tenant.heldBackBy(nowMs, this.#common) !== null) continue;
      throw new Violation("idle", `nothing is handed out, and ${tenant.name} could go`);
    }
  }

  /** The pop of that time is undone. */
  undone(event: TenantEvent, poppedAtMs: number, nowMs: number): void {
    if (event.state === "claimed") this.ended(event, "ready", nowMs);
    else this.#enter(event, "ready", nowMs);
    event.tenant.handedOut.takeBack(poppedAtMs);
    this.#handedOut.takeBack(poppedAtMs);
  }

  /** Its claim ended. */
  ended(event: TenantEvent, next: Next, nowMs: number): void {
    if (event.state !== "claimed") {
      throw new Violation("account", `a claim of ${event.id} ends, which is ${event.state}`);
    }
    event.tenant.claimed -= 1;
    this.#claims -= 1;
    event.isAgain = true;
    // Its tenant was there all the time.
    this.#enter(event, next, nowMs, true);
  }

  /** It leaves the queue, or is ready again, although it was not claimed. */
  changed(event: TenantEvent, next: "gone" | "ready", nowMs: number): void {
    const wasThere = event.state !== "failed" && event.state !== "gone";
    event.tenant.ready.delete(event);
    event.tenant.delayed.delete(event);
    this.#enter(event, next, nowMs, wasThere);
  }

  /** Makes due events ready. Returns those whose lease has ended. */
  passed(nowMs: number): TenantEvent[] {
    const due = this.in("delayed").filter(({ atMs }) => atMs <= nowMs);
    for (const event of due.toSorted((a, b) => a.atMs - b.atMs))
      this.changed(event, "ready", nowMs);
    return this.in("claimed").filter(({ atMs }) => atMs <= nowMs);
  }

  configured(values: Record<string, string | null>): void {
    for (const [name, value] of Object.entries(values)) {
      if (name === "group-limit") this.#common.limit = Number(value ?? "1");
      if (name === "max-claimed") this.#claimsMax = Number(value ?? "0");
      if (name === "rate" && this.#rate !== (value ?? "")) {
        this.#rate = value ?? "";
        this.#handedOut.changed();
      }
      if (name === "group-rate") this.#changeRates(() => (this.#common.rate = value ?? ""));
    }
  }

  configuredGroup(group: string, own: { limit?: string | null; rate?: string | null }): void {
    const tenant = this.tenant(group);
    this.#noteBeginning(tenant, 0);
    const { limit, rate } = own;
    if (limit !== undefined) tenant.own.limit = limit === null ? null : Number(limit);
    if (rate !== undefined) this.#changeRates(() => (tenant.own.rate = rate));
  }

  /** For ever: Infinity. Until 0: it goes on. */
  paused(group: string | null, untilMs: number): void {
    if (group === null) this.#pausedUntilMs = untilMs;
    else {
      this.#noteBeginning(this.tenant(group), 0);
      this.tenant(group).pausedUntilMs = untilMs;
    }
  }

  get #hasGroups(): boolean {
    return [...this.#tenants.values()].some(({ name, isEmpty }) => name !== null && !isEmpty);
  }

  #heldBackBy(leaseMs: number, nowMs: number): Rule | null {
    if (this.#pausedUntilMs > nowMs) return "pause";
    if (leaseMs > 0 && this.#claimsMax > 0 && this.#claims >= this.#claimsMax) return "limit";
    const rate = rateOf(this.#rate);
    return rate && this.#handedOut.isFull(nowMs, rate) ? "rate" : null;
  }

  #checkQueue(leaseMs: number, nowMs: number): void {
    const reason = this.#heldBackBy(leaseMs, nowMs);
    if (reason) throw new Violation(reason, `${this.name} hands out an event, and may not`);
  }

  /** Everybody who could go had a turn since the tenant had one. */
  #checkTurn(tenant: Tenant, nowMs: number): void {
    for (const other of this.#tenants.values()) {
      if (other === tenant || other.turn.latest >= tenant.turn.earliest) continue;
      if (other.heldBackBy(nowMs, this.#common) !== null) continue;
      throw new Violation("turn", `${tenant.name} has another turn before ${other.name}`);
    }
  }

  #changeRates(change: () => unknown): void {
    const text = (tenant: Tenant) => JSON.stringify(tenant.rate(this.#common));
    const before = [...this.#tenants.values()].map((tenant) => [tenant, text(tenant)] as const);
    change();
    for (const [tenant, was] of before) if (text(tenant) !== was) tenant.handedOut.changed();
  }

  #claim(event: TenantEvent, atMs: number): void {
    Object.assign(event, { state: "claimed", atMs });
    event.claims += 1;
    event.tenant.claimed += 1;
    this.#claims += 1;
  }

  #enter(event: TenantEvent, next: Next, nowMs: number, wasThere = false): void {
    const { tenant } = event;
    if (next === "gone" || next === "failed") {
      event.state = next;
      return;
    }
    if (!wasThere && tenant.isEmpty) this.#noteBeginning(tenant, nowMs);
    if (next === "ready") {
      event.rank ??= ++this.#number;
      event.state = "ready";
      tenant.ready.add(event);
    } else {
      Object.assign(event, { state: "delayed", atMs: next.dueAtMs });
      tenant.delayed.add(event);
    }
  }

  #noteBeginning(tenant: Tenant, nowMs: number): void {
    if (!tenant.isEmpty || tenant.name === null) return;
    const latest = ++this.#number;
    tenant.turn = { earliest: tenant.mayLinger(nowMs) ? tenant.turn.earliest : latest, latest };
  }
}
