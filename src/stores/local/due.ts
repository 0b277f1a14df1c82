// Does what is due in the model: leases that ended, delayed events, TTLs, events that were kept
// long enough, pauses.
import { forgottenAtMs } from "../../queue/windows.ts";
import { JournalError } from "./journal.ts";
import { crash, drop, expire, makeReady } from "./life.ts";
import { type LocalQueue, type Pauses, expiryOf } from "./local-queue.ts";
import type { Model } from "./model.ts";
import { isEmpty } from "./queue-facts.ts";
import { reviewSome, surveySome } from "./review.ts";

/** How many events are looked at in one step because their settings have changed. */
const reviewedAtOnce = 100;

/** Moves at most `limit` events. Returns how many, or `limit` if reviews are left. */
export function moveDue(model: Model, limit: number): number {
  let count = 0;
  let mayReview = true;
  try {
    while (count < limit) {
      const queue = model.dueQueue;
      if (queue !== null) count += moveOne(model, queue, limit - count);
      else if (mayReview) {
        mayReview = false;
        reviewSomeOf(model);
      } else return model.reviews.size > 0 || model.survey !== null ? limit : count;
    }
  } catch (error) {
    // What was moved before the read that failed stays moved.
    if (count === 0 || !(error instanceof JournalError)) throw error;
  }
  return count;
}

function reviewSomeOf(model: Model): void {
  if (model.survey !== null) return surveySome(model, model.survey);
  let left = reviewedAtOnce;
  try {
    for (const queue of model.reviews.keys()) {
      while (left > 0 && model.reviews.has(queue)) left -= reviewSome(model, queue, left);
      if (left <= 0) return;
    }
  } catch (error) {
    // The steps before the read that failed stay done.
    if (left === reviewedAtOnce || !(error instanceof JournalError)) throw error;
  }
}

/** Moves or removes the events or windows of that queue that are due first. Returns how many. */
function moveOne(model: Model, queue: LocalQueue, limit: number): number {
  const { expiring, claimed, delayed, windows, keyWindows, dueMs } = queue;
  for (const each of [windows, keyWindows]) {
    const isDue = each !== null && forgottenAtMs(each.firstMs) === dueMs;
    if (isDue) return model.endWindows(queue, limit);
  }
  if (queue.counters?.firstMs === dueMs) {
    model.endCounter(queue);
    return 1;
  }
  if (queue.pauses !== null && endPauses(model, queue, queue.pauses)) return 0;
  if (queue.rateDueMs === dueMs) {
    model.offer(queue);
    model.noteDue(queue);
    return 0;
  }
  if (queue.groups?.dueMs === dueMs) {
    model.groupDue(queue, queue.groups.due!);
    return 1;
  }
  if (expiring?.firstMs === dueMs) return expireFirst(model, queue);
  if (claimed.firstMs === dueMs) crash(model, claimed.first!);
  else if (delayed?.firstMs === dueMs) {
    const event = model.byTime(queue, delayed.first!);
    makeReady(model, event, model.leftPlace(), event.more);
  } else return trim(model, queue);
  return 1;
}

/** The TTL of the queue may have changed since the event was pushed. */
function expireFirst(model: Model, queue: LocalQueue): number {
  const event = model.byTime(queue, queue.expiring!.first!);
  const expiresAtMs = expiryOf(event.pushedAtMs, event.more, model.settingsOf(queue).ttlMs);
  const isExpired = expiresAtMs > 0 && expiresAtMs <= model.nowMs;
  if (isExpired) expire(model, event);
  else model.noteExpiry(event);
  return Number(isExpired);
}

/** Removes a failed or completed event that was kept long enough. Returns how many. */
function trim(model: Model, queue: LocalQueue): number {
  const { keepFailed, keepCompleted } = model.settingsOf(queue);
  const kept = [
    { line: queue.failed, ms: keepFailed.ms },
    { line: queue.completed, ms: keepCompleted.ms },
  ];
  const due = kept.find(({ line, ms }) => line && ms !== null && line.firstMs + ms <= model.nowMs);
  if (due) {
    drop(model, model.byTime(queue, due.line!.first!));
    return 1;
  }
  const { dueMs } = queue;
  model.noteDue(queue);
  // It would be looked at again and again.
  if (queue.dueMs === dueMs) throw new Error(`nothing is due in ${queue.name}`);
  return 0;
}

/** Removes the pauses that have ended. Returns whether there were any. */
function endPauses(model: Model, queue: LocalQueue, pauses: Pauses): boolean {
  const kept = (until: number | null) => (model.isPaused(until) ? until : null);
  const workers = [...pauses.workers].filter(([, until]) => model.isPaused(until));
  const left = { in: kept(pauses.in), out: kept(pauses.out), workers: new Map(workers) };
  const isOutEnded = left.out !== pauses.out || workers.length < pauses.workers.size;
  if (!isOutEnded && left.in === pauses.in) return false;
  model.setPauses(queue, isEmpty(left) ? null : left);
  if (isOutEnded) model.noteAllReady(queue);
  return true;
}
