// What ends or prolongs a claim.
import { nameOf } from "../../../queue/name-cache.ts";
import type { FailOutcome } from "../../../queue/event.ts";
import type {
  Ack,
  AckBatch,
  Claim,
  Crash,
  Fail,
  Redo,
  Touch,
  TouchBatch,
  TouchOutcome,
} from "../../../queue/operations.ts";
import { textOrNull, toText } from "../bytes.ts";
import { readCounted } from "../counter.ts";
import * as life from "../life.ts";
import type { Model } from "../model.ts";
import { type Facts, moreWith } from "../more.ts";
import { type LocalEvent } from "../local-queue.ts";
import { CLAIMED } from "../states.ts";
import { acknowledge, isMember, judgeParts } from "./counting.ts";

const logLinesMax = 100;
const lineBytesMax = 4096;

/** The event that has this claim. Claimed events are always in memory. */
export function claimed(model: Model, queue: Buffer, { id, token }: Claim): LocalEvent | undefined {
  const event = model.get(nameOf(queue))?.get(toText(id));
  if (event === undefined || event.state !== CLAIMED) return undefined;
  if (token === null) return event;
  return event.token > 0 && event.token === readCounted(token) ? event : undefined;
}

export function ack(model: Model, operation: Ack): boolean {
  const event = claimed(model, operation.queue, operation);
  if (!event) return false;
  if (isMember(event)) judgeParts(model, [event]);
  acknowledge(model, event, textOrNull(operation.result));
  return true;
}

export function ackBatch(model: Model, { queue, claims }: AckBatch): boolean[] {
  const events = claims.flatMap((claim) => claimed(model, queue, claim) ?? []);
  judgeParts(model, [...new Set(events)]);
  return claims.map((claim) => {
    const event = claimed(model, queue, claim);
    if (event) acknowledge(model, event, null);
    return event !== undefined;
  });
}

export function redo(model: Model, operation: Redo): boolean {
  const event = claimed(model, operation.queue, operation);
  if (!event) return false;
  if (event.more?.isCancelled) {
    life.drop(model, event);
    return true;
  }
  const atMs = life.startMs(model, operation.start);
  const more = life.withoutClaim(event, null);
  const place = model.number();
  if (atMs > 0) life.delay(model, event, atMs, place, more);
  else life.makeReady(model, event, place, more);
  return true;
}

export function fail(model: Model, operation: Fail): FailOutcome {
  const event = claimed(model, operation.queue, operation);
  return event ? life.fail(model, event, textOrNull(operation.error) ?? "", operation.next) : null;
}

export function crash(model: Model, operation: Crash): boolean {
  const event = claimed(model, operation.queue, operation);
  if (event) life.crash(model, event);
  return event !== undefined;
}

export function touch(model: Model, operation: Touch): TouchOutcome {
  const event = claimed(model, operation.queue, operation);
  if (!event) return null;
  const { progress, log } = operation;
  const { lease, token, more: before } = event;
  const atMs = model.nowMs + (operation.leaseMs ?? lease);
  const facts: Partial<Facts> = {};
  const isFirst = token > 0 && (before === null || before.claimedAtMs === null);
  if (isFirst) facts.claimedAtMs = event.atMs - lease;
  if (progress !== null && !model.isFull) facts.progress = toText(progress).slice(0, lineBytesMax);
  if (log !== null && !model.isFull) {
    const line = toText(log).slice(0, lineBytesMax);
    facts.log = [...(before?.log ?? []), line].slice(-logLinesMax);
  }
  const hasFacts = Object.keys(facts).length > 0;
  const more = hasFacts ? moreWith(before, facts) : before;
  model.move(event, { state: CLAIMED, atMs, more });
  return event.more?.isCancelled ? "cancelled" : "touched";
}

export function touchBatch(model: Model, operation: TouchBatch): TouchOutcome[] {
  const { queue, claims, leaseMs } = operation;
  const rest = { kind: "touch", queue, leaseMs, progress: null, log: null } as const;
  return claims.map((claim) => touch(model, { ...rest, ...claim }));
}
