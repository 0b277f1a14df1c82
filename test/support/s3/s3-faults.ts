// Deliberate faults of the stand-in, as rules that a test sets, and which of them hit a request.
import { Random } from "../../stores/random.ts";
import type { Operation, S3Request } from "./s3-request.ts";

/**
 * - delay-request: the request arrives late, and is done then, also if its client has gone
 * - delay-reply: done at once, the reply comes late
 * - hold: arrives when the test calls release(), also if its client has gone (a late zombie)
 * - stall: never done, never answered
 * - stall-after: done, never answered
 * - stall-body: done, half of the reply's body and nothing more
 * - cut-before: the connection closes; not done
 * - cut-after: done, and the connection closes without a reply
 * - cut-body: done, and the connection ends, in order, in the middle of the reply's body
 * - error-before: 500 InternalError; not done
 * - error-after: done, and 500 InternalError
 * - slow-down: 503 SlowDown; not done
 * - denied: 403 AccessDenied; not done
 * - conflict: 409 ConditionalRequestConflict; not done
 * - stale-list: lists what was there `ms` ago
 */
export const faultKinds = [
  "delay-request",
  "delay-reply",
  "hold",
  "stall",
  "stall-after",
  "stall-body",
  "cut-before",
  "cut-after",
  "cut-body",
  "error-before",
  "error-after",
  "slow-down",
  "denied",
  "conflict",
  "stale-list",
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  kind: FaultKind;
  /** One operation, or several; all without it. */
  operation?: Operation | Operation[];
  /** A pattern that the key matches, or the prefix of a list. */
  key?: string;
  accessKey?: string;
  /** From 0 to 1; 1 without it. */
  chance?: number;
  /** Lets so many pass first. */
  skip?: number;
  /** Hits so many, then never again. */
  times?: number;
  /** For delays and stale listings: a time, or one from a range. */
  ms?: number | [number, number];
  /**
   * With delay-request and hold: the object store had the request already and checked its
   * signature, so that it is not refused as too old when it is done at last.
   */
  isAccepted?: boolean;
}

/** What happens to one request. */
export interface Plan {
  requestDelayMs: number;
  replyDelayMs: number;
  staleMs: number;
  isHeld: boolean;
  isAccepted: boolean;
  /** The one fault besides delays. */
  kind: FaultKind | null;
}

interface Rule extends Fault {
  pattern: RegExp | null;
  seen: number;
  hits: number;
}

export class S3Faults {
  readonly #rules = new Set<Rule>();
  readonly #random: Random;

  constructor(seed: number) {
    this.#random = new Random(seed);
  }

  /** Returns a function that takes the rule away. */
  add(fault: Fault): () => void {
    if (!faultKinds.includes(fault.kind)) throw new Error(`no such fault: ${fault.kind}`);
    const pattern = fault.key === undefined ? null : new RegExp(fault.key);
    const rule: Rule = { ...fault, pattern, seen: 0, hits: 0 };
    this.#rules.add(rule);
    return () => void this.#rules.delete(rule);
  }

  clear(): void {
    this.#rules.clear();
  }

  plan(request: S3Request): Plan {
    const plan: Plan = {
      requestDelayMs: 0,
      replyDelayMs: 0,
      staleMs: 0,
      isHeld: false,
      isAccepted: false,
      kind: null,
    };
    for (const rule of this.#rules) if (this.#hits(rule, request)) this.#apply(rule, plan);
    return plan;
  }

  #hits(rule: Rule, request: S3Request): boolean {
    if (rule.operation !== undefined && ![rule.operation].flat().includes(request.operation)) {
      return false;
    }
    if (rule.accessKey !== undefined && rule.accessKey !== request.accessKey) return false;
    const name = request.operation === "list" ? request.query.get("prefix") : request.key;
    if (rule.pattern !== null && !rule.pattern.test(name ?? "")) return false;
    rule.seen++;
    if (rule.seen <= (rule.skip ?? 0)) return false;
    if (rule.hits >= (rule.times ?? Infinity)) return false;
    if (rule.chance !== undefined && this.#fraction() >= rule.chance) return false;
    rule.hits++;
    return true;
  }

  #apply(rule: Rule, plan: Plan): void {
    plan.isAccepted ||= rule.isAccepted ?? false;
    if (rule.kind === "delay-request") plan.requestDelayMs += this.#msOf(rule);
    else if (rule.kind === "delay-reply") plan.replyDelayMs += this.#msOf(rule);
    else if (rule.kind === "stale-list") plan.staleMs = this.#msOf(rule);
    else if (rule.kind === "hold") plan.isHeld = true;
    else plan.kind ??= rule.kind;
  }

  #msOf({ ms = 0 }: Rule): number {
    if (typeof ms === "number") return ms;
    const [from, to] = ms;
    return from + this.#fraction() * (to - from);
  }

  /** From 0 up to, not including, 1. */
  #fraction(): number {
    return this.#random.below(1_000_000) / 1_000_000;
  }
}
