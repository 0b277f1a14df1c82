// The verbs of the plain script: classic operations on queues that have nothing rare. They are in
// plain/*.lua.
import { Duplicate } from "../../queue/event.ts";
import type { Push, ResultOf } from "../../queue/operations.ts";
import { LARGE_BYTES, USUAL_LEASE_MS } from "./keys.ts";
import { contentsOf, Value } from "./value.ts";
import { type Argument, poppedCount, poppedOf, type ScriptReply, type Verb } from "./verb.ts";

/** The usual result for all operations but those whose places, from 1, the reply lists. */
function allBut<T>(reply: ScriptReply, count: number, usual: T, listed: T): T[] {
  const results = Array<T>(count).fill(usual);
  for (const place of reply as number[]) results[place - 1] = listed;
  return results;
}

const push: Verb<"push"> = {
  name: "push",
  call(pushes, { numberOf, isStaged, plainHead }) {
    const { queue, end, contents } = pushes[0]!;
    const isBeside = isStaged && contents.length >= LARGE_BYTES;
    const call: Argument[] = [numberOf(queue), end === "left" ? "LEFT" : "RIGHT"];
    call.push(isBeside ? "STAGED" : "INLINE");
    for (const each of pushes) {
      call.push(each.id!, isBeside ? "" : new Value(plainHead, each.contents));
    }
    return call;
  },
  results(reply, pushes) {
    const results: ResultOf<Push>[] = pushes.map(({ id }) => id!);
    for (const place of reply as number[]) {
      results[place - 1] = new Duplicate(pushes[place - 1]!.id!);
    }
    return results;
  },
};

/** A queue that the plain script serves has no lease of its own, and nor have its events. */
export function usualOr(leaseMs: number | null): number {
  return leaseMs ?? USUAL_LEASE_MS;
}

const pop: Verb<"pop"> = {
  name: "pop",
  call: (pops, { numberOf }) => [
    numberOf(pops[0]!.queue),
    String(usualOr(pops[0]!.leaseMs)),
    String(pops.length),
  ],
  results(reply, pops) {
    const parts = reply as (Buffer | null)[];
    const claim = parts[0] as unknown as number;
    const places = parts[1] as unknown as Buffer[];
    const count = poppedCount(reply, true);
    return pops.map(({ queue, leaseMs }, at) => {
      if (at >= count) return null;
      const value = parts[2 * at + 3]!;
      return poppedOf(queue, parts[2 * at + 2]!, value, {
        claim: claim + at,
        leaseMs: usualOr(leaseMs),
        place: places[at] ? Number(places[at]) : null,
        value: leaseMs === 0 ? value : null,
        kept: null,
      });
    });
  },
};

const ack: Verb<"ack"> = {
  name: "ack",
  call: (acks, { numberOf }) => [numberOf(acks[0]!.queue), ...acks.map(({ id }) => id)],
  results: (reply, acks) => allBut(reply, acks.length, true, false),
};

const redo: Verb<"redo"> = {
  name: "redo",
  call: (redos, { numberOf }) => [numberOf(redos[0]!.queue), ...redos.map(({ id }) => id)],
  results: (reply, redos) => allBut(reply, redos.length, true, false),
};

/** The same in all scripts. */
export const peek: Verb<"peek"> = {
  name: "peek",
  call: ([operation], { numberOf }) => [
    numberOf(operation!.queue),
    operation!.end === "left" ? "LEFT" : "RIGHT",
  ],
  results(reply) {
    const event = reply as Buffer[] | null;
    return [event && { id: event[0]!, contents: contentsOf(event[1]!) }];
  },
};

/** The same in all scripts. */
export const ready: Verb<"ready"> = {
  name: "ready",
  call: ([operation], { numberOf }) => operation!.queues.map(numberOf),
  results: (reply, [operation]) => [operation!.queues[(reply as number) - 1] ?? null],
};

export const plain = { push, pop, ack, redo, peek, ready };
