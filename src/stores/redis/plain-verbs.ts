// The verbs of the plain script: classic operations on queues that have nothing rare. They are in
// plain/*.lua.
import { Duplicate } from "../../queue/event.ts";
import type { Push, ResultOf } from "../../queue/operations.ts";
import { LARGE_BYTES, USUAL_LEASE_MS } from "./keys.ts";
import { contentsOf } from "./value.ts";
import { type Argument, poppedOf, type ScriptReply, valueOf, type Verb } from "./verb.ts";

/** Whether its contents may be sent beside the script. */
export function isLarge({ id, contents, options }: Push): boolean {
  return id !== null && options === null && contents.length >= LARGE_BYTES;
}

/** The usual result for all operations but those whose places, from 1, the reply lists. */
export function allBut<T>(reply: ScriptReply, count: number, usual: T, listed: T): T[] {
  const results = Array<T>(count).fill(usual);
  for (const place of reply as number[]) results[place - 1] = listed;
  return results;
}

/** The ids, but a Duplicate for each event whose place, from 1, the reply lists. */
export function pushResults(reply: ScriptReply, pushed: { id: Buffer | null }[]): ResultOf<Push>[] {
  const results: ResultOf<Push>[] = pushed.map(({ id }) => id!);
  for (const place of reply as number[]) {
    results[place - 1] = new Duplicate(pushed[place - 1]!.id!);
  }
  return results;
}

const push: Verb<"push"> = {
  name: "push",
  call(pushes, encoding) {
    const { queue, end } = pushes[0]!;
    const isBeside = encoding.isStaged && isLarge(pushes[0]!);
    const call: Argument[] = [encoding.numberOf(queue), end === "left" ? "LEFT" : "RIGHT"];
    call.push(isBeside ? "STAGED" : "INLINE");
    for (const { id, contents, options } of pushes) {
      call.push(id!, isBeside ? "" : valueOf(contents, options?.headers ?? null, encoding));
    }
    return call;
  },
  results: pushResults,
};

/** Of events that all have ids. */
const pushBatch: Verb<"pushBatch"> = {
  name: "push",
  call([batch], encoding) {
    const { queue, end, events, options } = batch!;
    const words = [encoding.numberOf(queue), end === "left" ? "LEFT" : "RIGHT", "INLINE"];
    const each = events.flatMap(({ id, contents }) => {
      return [id!, valueOf(contents, options.headers, encoding)];
    });
    return [...words, ...each];
  },
  results: (reply, [batch]) => [pushResults(reply, batch!.events)],
};

/** A queue that the plain script serves has no lease of its own, and nor have its events. */
export function usualOr(leaseMs: number | null): number {
  return leaseMs ?? USUAL_LEASE_MS;
}

/** How many events are in a reply that begins with so many other parts. */
export function poppedCount(reply: ScriptReply, before: number): number {
  return Math.max(0, ((reply as ScriptReply[]).length - before) / 2);
}

const PARTS_BEFORE = 2;

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
    const count = poppedCount(reply, PARTS_BEFORE);
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
  doneIn: (reply) => poppedCount(reply, PARTS_BEFORE),
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

export const plain = { push, pushBatch, pop, ack, redo, peek, ready };
