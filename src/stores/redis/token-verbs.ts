// The verbs that the script "tokens" has beside the plain ones: for claims with tokens and for made
// ids, on queues that have nothing rare. They are in tokens/*.lua.
import type { Popped } from "../../queue/event.ts";
import { BATCH_CONTENTS_BYTES, type Claim } from "../../queue/operations.ts";
import { allBut, poppedCount, usualOr } from "./plain-verbs.ts";
import { headersOf } from "./value.ts";
import { msOf } from "./verb-values.ts";
import { type Argument, poppedOf, type ScriptReply, valueOf, type Verb } from "./verb.ts";

const ZERO = 0x30;

/** What tokens and made ids of that ms begin with. */
const headOf = (ms: number) => Buffer.from(`${ms}-`, "latin1");

/** A token or a made id. Digit by digit: to encode a text takes twice as long. */
function madeText(head: Buffer, number: number): Buffer {
  let end = head.length + 1;
  for (let bound = 10; number >= bound; bound *= 10) end++;
  const text = Buffer.allocUnsafe(end);
  for (let at = 0; at < head.length; at++) text[at] = head[at]!;
  for (let left = number; end > head.length; left = Math.floor(left / 10)) {
    text[--end] = ZERO + (left % 10);
  }
  return text;
}

/** Of events without ids; the result is their ids. */
export function madeIds(reply: ScriptReply, count: number): Buffer[] {
  const [ms, step, ...runs] = reply as number[];
  const ids: Buffer[] = [];
  const head = headOf(ms!);
  let number = 0;
  for (let place = 1, run = 0; place <= count; place++, number += step!) {
    if (runs[run] === place) {
      number = runs[run + 1]!;
      run += 2;
    }
    ids.push(madeText(head, number));
  }
  return ids;
}

const push: Verb<"push"> = {
  name: "push_made",
  call(pushes, encoding) {
    const { queue, end } = pushes[0]!;
    const call: Argument[] = [encoding.numberOf(queue), end === "left" ? "LEFT" : "RIGHT"];
    for (const { contents, options } of pushes) {
      call.push(valueOf(contents, options?.headers ?? null, encoding));
    }
    return call;
  },
  results: (reply, pushes) => madeIds(reply, pushes.length),
};

const pushBatch: Verb<"pushBatch"> = {
  name: "push_made",
  call([batch], encoding) {
    const { queue, end, events, options } = batch!;
    const values = events.map(({ contents }) => valueOf(contents, options.headers, encoding));
    return [encoding.numberOf(queue), end === "left" ? "LEFT" : "RIGHT", ...values];
  },
  results: (reply, [batch]) => [madeIds(reply, batch!.events.length)],
};

export const PARTS_BEFORE = 5;

/** leaseMsOf: that of the pop which has the event at that place, from 0. */
export function poppedIn(
  reply: ScriptReply,
  queue: Buffer,
  leaseMsOf: (at: number) => number,
): Popped[] {
  const parts = reply as (Buffer | null)[];
  const [claim, places, ms, first, step] = reply as unknown as [
    number,
    Buffer[],
    number,
    number,
    number,
  ];
  const all: Popped[] = [];
  const count = poppedCount(reply, PARTS_BEFORE);
  const head = headOf(ms);
  let number = first;
  for (let at = 0; at < count; at++) {
    const id = parts[PARTS_BEFORE + 2 * at]!;
    const value = parts[PARTS_BEFORE + 2 * at + 1]!;
    const leaseMs = leaseMsOf(at);
    const popped = poppedOf(queue, id, value, {
      claim: claim + at,
      leaseMs,
      place: places[at] ? Number(places[at]) : null,
      value: leaseMs === 0 ? value : null,
      kept: null,
    });
    if (leaseMs > 0) {
      popped.token = madeText(head, number);
      number += step;
    }
    if (value) popped.headers = headersOf(value);
    all.push(popped);
  }
  return all;
}

const pop: Verb<"pop"> = {
  name: "pop_with_tokens",
  call(pops, { numberOf }) {
    const call: Argument[] = [numberOf(pops[0]!.queue)];
    for (let at = 0; at < pops.length;) {
      const leaseMs = usualOr(pops[at]!.leaseMs);
      const from = at;
      while (at < pops.length && usualOr(pops[at]!.leaseMs) === leaseMs) at++;
      call.push(String(leaseMs), String(at - from));
      if (leaseMs > 0) for (const { claimant } of pops.slice(from, at)) call.push(claimant!);
    }
    return call;
  },
  results(reply, pops) {
    const popped = poppedIn(reply, pops[0]!.queue, (at) => usualOr(pops[at]!.leaseMs));
    return pops.map((_, at) => popped[at] ?? null);
  },
  doneIn: (reply) => poppedCount(reply, PARTS_BEFORE),
};

const popBatch: Verb<"popBatch"> = {
  name: "pop_batch",
  call([batch], { numberOf }) {
    const { queues, count, leaseMs, claimant } = batch!;
    const numbers = [count, usualOr(leaseMs)].map(String);
    return [...numbers, claimant, String(BATCH_CONTENTS_BYTES), ...queues.map(numberOf)];
  },
  results(reply, [batch]) {
    const parts = reply as ScriptReply[];
    const leaseMs = usualOr(batch!.leaseMs);
    const all: Popped[] = [];
    for (let at = 0; at < parts.length; at += 2) {
      const queue = batch!.queues[(parts[at] as number) - 1]!;
      all.push(...poppedIn(parts[at + 1]!, queue, () => leaseMs));
    }
    return [all];
  },
};

function claimArguments(claims: Claim[]): Argument[] {
  return claims.flatMap(({ id, token }) => [id, token!]);
}

const ack: Verb<"ack"> = {
  name: "ack_with_tokens",
  call: (acks, { numberOf }) => [numberOf(acks[0]!.queue), ...claimArguments(acks)],
  results: (reply, acks) => allBut(reply, acks.length, true, false),
};

const ackBatch: Verb<"ackBatch"> = {
  name: "ack_with_tokens",
  call: ([batch], { numberOf }) => [numberOf(batch!.queue), ...claimArguments(batch!.claims)],
  results: (reply, [batch]) => [allBut(reply, batch!.claims.length, true, false)],
};

const redo: Verb<"redo"> = {
  name: "redo_with_tokens",
  call: (redos, { numberOf }) => [numberOf(redos[0]!.queue), ...claimArguments(redos)],
  results: (reply, redos) => allBut(reply, redos.length, true, false),
};

const touches = [null, "touched"] as const;

const touch: Verb<"touch"> = {
  name: "touch",
  call: (all, { numberOf }) => [
    numberOf(all[0]!.queue),
    ...all.flatMap(({ id, token, leaseMs }) => [id, token!, msOf(leaseMs)]),
  ],
  results: (reply) => (reply as number[]).map((outcome) => touches[outcome]!),
};

const touchBatch: Verb<"touchBatch"> = {
  name: "touch",
  call: ([batch], { numberOf }) => [
    numberOf(batch!.queue),
    ...batch!.claims.flatMap(({ id, token }) => [id, token!, msOf(batch!.leaseMs)]),
  ],
  results: (reply) => [(reply as number[]).map((outcome) => touches[outcome]!)],
};

export const tokens = { push, pushBatch, pop, popBatch, ack, ackBatch, redo, touch, touchBatch };
