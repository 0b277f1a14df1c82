// Makes random operations on queues that have nothing rare most of the time, so that on Redis fast
// scripts do them. Now and then other operations come between.
import { claimantOf } from "../../src/queue/claimant.ts";
import type { Operation } from "../../src/queue/operations.ts";
import { bytesOf } from "./contract/caller.ts";
import { RandomLife } from "./random-life.ts";
import { always, type GivenClaim, type Known, type Step } from "./random-step.ts";
import type { Random } from "./random.ts";

export abstract class RandomSimple extends RandomLife {
  readonly #random: Random;

  constructor(random: Random, hasGroups: boolean, ids?: string[]) {
    super(random, { hasChains: false, hasGroups, ...(ids && { ids }) });
    this.#random = random;
  }

  /** Settings of all queues would make every queue one that needs more. */
  override first(): Step[] {
    return [];
  }

  override batch(known: Known): Step[] {
    const random = this.#random;
    if (random.below(8) === 0) return this.others(known);
    const size = 1 + random.below(random.below(10) === 0 ? 60 : 12);
    return Array.from({ length: size }, () => this.simple(known));
  }

  protected abstract simple(known: Known): Step;

  /** All that a life has, but what lasts, and what takes a random time. */
  protected others(known: Known): Step[] {
    return super.batch(known).flatMap((step, at) => {
      const { kind } = step(known);
      if (kind === "bind" || kind === "unbind" || kind === "pause") return [];
      const afterMs = 100 + at;
      return (its) => {
        const operation = step(its);
        if (operation.kind === "streamNack") return { ...operation, how: "redo" };
        const isRule = operation.kind === "fail" && operation.next === "backoff";
        return isRule ? { ...operation, next: { afterMs } } : operation;
      };
    });
  }

  /** A pop or a flush of that queue, or the end of that claim. */
  protected simplest(
    kind: "pop" | "flush" | "ack" | "ackBatch" | "redo" | "fail",
    queue: Buffer,
    claimIn: (its: Known) => GivenClaim,
  ): Step {
    const random = this.#random;
    if (kind === "flush") return always({ kind, queue });
    if (kind === "pop") {
      const leaseMs = random.of([null, 0, 1500, 40_000]);
      const claimant = random.below(4) === 0 ? null : claimantOf("process", 7, bytesOf("a"));
      return always({ kind, queue, leaseMs, claimant });
    }
    if (kind === "ackBatch") return this.ackBatch(claimIn);
    const how = kind === "ack" ? { result: null } : kind === "redo" ? { start: null } : NOW;
    return (its) => {
      const claim = claimIn(its);
      return { kind, ...claim, queue: bytesOf(claim.queue), ...how } as Operation;
    };
  }

  /** Of one of the latest claims; of an event with that id if there are none. */
  protected claim(known: Known, queue: string, id: Buffer): (its: Known) => GivenClaim {
    const { length } = known.claims;
    const at = length - 1 - this.#random.below(Math.min(length, 9) || 1);
    return (its) => its.claims[at] ?? { queue, id, token: null };
  }

  /** Of the latest claims in the queue of that one. */
  protected ackBatch(claimIn: (its: Known) => GivenClaim): Step {
    return (its): Operation => {
      const { queue } = claimIn(its);
      const same = its.claims.filter((other) => other.queue === queue).slice(-6);
      const claims = same.map(({ id, token }) => ({ id, token }));
      return { kind: "ackBatch", queue: bytesOf(queue), claims };
    };
  }
}

/** Ready again at once, before those that were never claimed. */
export const NOW = { error: null, next: { afterMs: 0 } };
