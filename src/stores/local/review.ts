// What a change of settings means for the events that are in a queue already: those that are too
// many go, and the times are noted at which others expire. Done in small steps after the change. If
// okq ends before that, later pushes drop what is too many, and the times are noted at the start.
// After a change for all queues a survey comes first: it looks which of them the change concerns.
import type { Keep } from "../../queue/settings.ts";
import { drop, dropOldest } from "./life.ts";
import {
  type EventOrKey,
  expiryOf,
  type LocalEvent,
  type LocalQueue,
  type Review,
  type ReviewedTo,
  type Survey,
} from "./local-queue.ts";
import type { Model } from "./model.ts";
import { readyPage } from "./ready-page.ts";
import { oldestOf } from "./room.ts";
import type { TimeLine } from "./time-line.ts";

const ofSurplus = new Set(["max-length", "on-full", "keep-completed", "keep-failed"]);
/** About 1 ms. */
const surveyedAtOnce = 500;
const ofGroups = new Set(["group-limit", "group-rate"]);
const BEGIN: ReviewedTo = { ready: null, delayed: null };
const NOTHING: Review = { hasSurplus: false, expiries: null, groups: null };

/** Of a queue in which events expire earlier than is noted. */
export const LATE: Review = { ...NOTHING, expiries: BEGIN };

/** About 1 ms. */
const groupsAtOnce = 500;

/**
 * To be called when these settings of the queue have changed. The first step follows at once where
 * groups may go: who waits for an event hears of that. Returns how many groups that were.
 */
export function startReview(
  model: Model,
  queue: LocalQueue,
  names: ReadonlySet<string>,
  groupsMax = groupsAtOnce,
): number {
  const isSurplus = haveCommon(names, ofSurplus);
  const isTtl = names.has("ttl");
  const isOfGroups = queue.groups !== null && haveCommon(names, ofGroups);
  if (queue.size === 0 || (!isSurplus && !isTtl && !isOfGroups)) return 0;
  const before = model.reviews.get(queue) ?? NOTHING;
  const review = {
    hasSurplus: before.hasSurplus || isSurplus,
    expiries: isTtl ? BEGIN : before.expiries,
    groups: isOfGroups ? 0 : before.groups,
  };
  model.setReview(queue, review);
  return isOfGroups && groupsMax > 0 ? lookAtSome(model, queue, review, groupsMax) : 0;
}

function haveCommon(names: ReadonlySet<string>, others: ReadonlySet<string>): boolean {
  return [...names].some((name) => others.has(name));
}

/** To be called when these settings of all queues have changed. Does the first step of a survey. */
export function startSurvey(model: Model, names: ReadonlySet<string>): void {
  const before = model.survey?.settings;
  surveySome(model, { after: null, settings: before ? new Set([...names, ...before]) : names });
}

/** Does the next step of a survey. */
export function surveySome(model: Model, { after, settings }: Survey): void {
  const names = model.names.after(after, surveyedAtOnce);
  let groupsLeft = groupsAtOnce;
  for (const name of names) {
    const queue = model.get(name)!;
    model.noteDue(queue);
    const mayLetGo = settings.has("max-claimed") || settings.has("rate");
    if (mayLetGo && model.isHandingOut(queue)) model.noteAllReady(queue);
    groupsLeft -= startReview(model, queue, settings, groupsLeft);
  }
  const last = names.length < surveyedAtOnce ? null : names.at(-1)!;
  model.setSurvey(last === null ? null : { after: last, settings });
}

/** Does one step of about so much work. Returns how much it was. */
export function reviewSome(model: Model, queue: LocalQueue, limit: number): number {
  const review = model.reviews.get(queue)!;
  const { hasSurplus, expiries, groups } = review;
  if (groups !== null) return lookAtSome(model, queue, review, limit);
  if (hasSurplus) {
    const dropped = dropSurplus(model, queue, limit);
    if (dropped === 0) model.setReview(queue, { ...review, hasSurplus: false });
    return dropped + 1;
  }
  if (expiries !== null && model.settingsOf(queue).ttlMs !== null) {
    return noteSome(model, queue, expiries, limit);
  }
  model.setReview(queue, null);
  return 1;
}

/** Notes what some of the groups offer by the new settings. */
function lookAtSome(model: Model, queue: LocalQueue, review: Review, limit: number): number {
  const groups = queue.groups?.page(review.groups, limit) ?? [];
  for (const group of groups) model.lookAt(queue, group);
  const last = groups.length < limit ? undefined : groups.at(-1);
  model.setReview(queue, { ...review, groups: last?.number ?? null });
  return groups.length + 1;
}

function waitingSurplus(model: Model, queue: LocalQueue): number {
  const { lengthMax, full } = model.settingsOf(queue);
  if (lengthMax === null || full === "refuse") return 0;
  return Math.max(0, queue.waiting - lengthMax);
}

function surplusIn(kept: TimeLine<EventOrKey> | null, { count }: Keep): number {
  return kept === null || count === null ? 0 : Math.max(0, kept.length - count);
}

/** Returns how many events went. */
function dropSurplus(model: Model, queue: LocalQueue, limit: number): number {
  const { keepFailed, keepCompleted } = model.settingsOf(queue);
  const oldestIn = (kept: TimeLine<EventOrKey> | null, keep: Keep) => {
    const page = kept?.page(null, Math.min(limit, surplusIn(kept, keep)), false) ?? [];
    return page.map(([, entry]) => model.byTime(queue, entry));
  };
  // Read before anything is changed: a read may fail.
  const waiting = oldestOf(model, queue, Math.min(limit, waitingSurplus(model, queue)));
  const kept = [...oldestIn(queue.failed, keepFailed), ...oldestIn(queue.completed, keepCompleted)];
  for (const event of waiting) dropOldest(model, event);
  for (const event of kept) drop(model, event);
  return waiting.length + kept.length;
}

/** Notes when some of the events that wait expire, the ready ones first. */
function noteSome(model: Model, queue: LocalQueue, progress: ReviewedTo, limit: number): number {
  const { ready, delayed } = progress;
  let next: ReviewedTo | null;
  let events: LocalEvent[];
  if (delayed === null) {
    const page = readyPage(queue, ready, limit);
    events = page.map(({ entry }) => model.inLine(queue, entry));
    const last = page.at(-1);
    next = last ? { ready: last.cursor, delayed } : { ready, delayed: { after: null } };
  } else {
    const page = queue.delayed?.page(delayed.after, limit, false) ?? [];
    events = page.map(([, entry]) => model.byTime(queue, entry));
    const last = page.at(-1);
    next = last ? { ready, delayed: { after: last[0] } } : null;
  }
  noteExpiries(model, events);
  model.setReview(queue, next && { ...NOTHING, expiries: next });
  return events.length + 1;
}

/** They were read before: a read may fail. */
function noteExpiries(model: Model, events: LocalEvent[]): void {
  for (const event of events) {
    const { more, pushedAtMs, queue } = event;
    const expiresAtMs = expiryOf(pushedAtMs, more, model.settingsOf(queue).ttlMs);
    if (expiresAtMs !== (more?.expiresAtMs ?? 0)) model.noteExpiry(event);
  }
}
