// Keeps the leases of all claims of a worker: touches each when half of its lease has passed, those
// of a queue together, and notices leases that have ended.
import type { Cancel, Clock } from "../../queue/clock.ts";
import type { LeaseLostError } from "../errors.ts";
import { type Claim, leaseLost } from "./claim.ts";

/** Claims in one QMTOUCH. */
const CLAIMS_MAX = 1000;
/** A touch may come this part of the lease early, so that one command serves many claims. */
const EARLY = 1 / 8;
const RETRY_MS_MAX = 1_000;

export interface HeartbeatOptions {
  clock: Clock;
  /** QMTOUCH: for each claim 1, 2 (cancelled) or 0 (lost). Rejects if there was no answer. */
  touch(claims: readonly Claim[]): Promise<number[]>;
  lost(claim: Claim, reason: LeaseLostError): void;
  cancelled(claim: Claim): void;
  /** A heartbeat came so much too late: something keeps the process from running. */
  late(ms: number): void;
}

export class Heartbeat {
  readonly #options: HeartbeatOptions;
  readonly #claims = new Set<Claim>();
  #wakeAtMs = Infinity;
  #cancel: Cancel = () => {};

  constructor(options: HeartbeatOptions) {
    this.#options = options;
  }

  add(claim: Claim): void {
    this.#claims.add(claim);
    this.#wakeBy(Math.min(claim.touchAtMs, claim.leaseEndsAtMs));
  }

  /** The timer stays: the next claims use it. */
  delete(claim: Claim): void {
    this.#claims.delete(claim);
  }

  stop(): void {
    this.#claims.clear();
    this.#cancel();
  }

  #wakeBy(atMs: number): void {
    if (atMs >= this.#wakeAtMs) return;
    this.#cancel();
    this.#wakeAtMs = atMs;
    const { clock } = this.#options;
    this.#cancel = clock.after(Math.max(0, atMs - clock.nowMs()), () => this.#beat());
  }

  #beat(): void {
    const { clock, late, lost } = this.#options;
    const nowMs = clock.nowMs();
    const lateMs = nowMs - this.#wakeAtMs;
    this.#wakeAtMs = Infinity;
    let shortestMs = Infinity;
    const due: Claim[] = [];
    for (const claim of this.#claims) {
      shortestMs = Math.min(shortestMs, claim.leaseMs);
      if (claim.leaseEndsAtMs <= nowMs) {
        this.#claims.delete(claim);
        lost(claim, leaseLost(claim, "its lease has ended"));
      } else if (claim.touchAtMs <= nowMs + claim.leaseMs * EARLY) due.push(claim);
    }
    for (const group of grouped(due)) void this.#touch(group);
    if (lateMs > shortestMs / 4) late(lateMs);
    this.#plan();
  }

  #plan(): void {
    for (const claim of this.#claims) this.#wakeBy(Math.min(claim.touchAtMs, claim.leaseEndsAtMs));
  }

  async #touch(claims: Claim[]): Promise<void> {
    const { clock, touch } = this.#options;
    const sent = { atMs: clock.nowMs(), leaseMs: claims[0]!.leaseMs };
    for (const claim of claims) claim.touchAtMs = Infinity;
    try {
      const answers = await touch(claims);
      for (const [index, claim] of claims.entries()) this.#answered(claim, answers[index], sent);
    } catch {
      const nowMs = clock.nowMs();
      for (const claim of claims) {
        claim.touchAtMs = nowMs + Math.min(RETRY_MS_MAX, claim.leaseMs / 10);
      }
    }
    for (const claim of claims) if (this.#claims.has(claim)) this.#wakeBy(claim.touchAtMs);
  }

  #answered(
    claim: Claim,
    answer: number | undefined,
    sent: { atMs: number; leaseMs: number },
  ): void {
    const { lost, cancelled } = this.#options;
    claim.extended(sent.atMs, sent.leaseMs);
    // It may have ended while the touch was under way.
    if (!this.#claims.has(claim)) return;
    if (answer === 0) {
      this.#claims.delete(claim);
      lost(claim, leaseLost(claim, "okq has ended its claim"));
    } else if (answer === 2) cancelled(claim);
  }
}

/** Groups of claims that one QMTOUCH can touch: of the same queue, with the same lease. */
function grouped(claims: readonly Claim[]): Claim[][] {
  const groups = new Map<string, Claim[]>();
  for (const claim of claims) {
    const key = `${claim.leaseMs} ${claim.job.queue}`;
    const group = groups.get(key);
    if (group) group.push(claim);
    else groups.set(key, [claim]);
  }
  const full: Claim[][] = [];
  for (const group of groups.values()) {
    for (let at = 0; at < group.length; at += CLAIMS_MAX)
      full.push(group.slice(at, at + CLAIMS_MAX));
  }
  return full;
}
