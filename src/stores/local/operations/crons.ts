// The operations on cron entries: see queue/cron-operations.ts.
import {
  type CronAt,
  type CronDelete,
  type CronDue,
  type CronFire,
  type CronGet,
  type CronList,
  type CronOutcome,
  type CronQueues,
  CRONS_MAX,
  type CronSet,
  type QueueNames,
} from "../../../queue/cron-operations.ts";
import { Refusal } from "../../../queue/errors.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import type { Results } from "../../../queue/operations.ts";
import { toBytes, toText } from "../bytes.ts";
import type { LocalCron } from "../local-cron.ts";
import type { Model } from "../model.ts";
import { push } from "./pushing.ts";

function entryOf(model: Model, queue: Buffer, name: Buffer): LocalCron | undefined {
  return model.get(nameOf(queue))?.crons?.get(toText(name));
}

function entryAt(model: Model, entry: LocalCron): CronAt {
  const { queueName, name, ...facts } = entry;
  return {
    entry: { ...facts, queue: toBytes(queueName), name: toBytes(name) },
    nowMs: model.nowMs,
  };
}

export function cronSet(model: Model, operation: CronSet): boolean {
  const { queue: queueBytes, name, version, definition } = operation;
  const known = entryOf(model, queueBytes, name);
  if (known?.version === version) return true;
  const queueName = nameOf(queueBytes);
  if (!known && (model.get(queueName)?.crons?.size ?? 0) >= CRONS_MAX) return false;
  const times = { setAtMs: model.nowMs, lastAtMs: null, nextAtMs: null };
  const entry = { queueName, name: toText(name), version, definition: Buffer.from(definition) };
  model.setCron(model.open(queueName), entry.name, { ...entry, ...times });
  return true;
}

export function cronDelete(model: Model, { queue, name }: CronDelete): boolean {
  const entry = entryOf(model, queue, name);
  if (entry) model.setCron(model.open(entry.queueName), entry.name, null);
  return entry !== undefined;
}

export function cronGet(model: Model, { queue, name }: CronGet): CronAt | null {
  const entry = entryOf(model, queue, name);
  return entry ? entryAt(model, entry) : null;
}

export function cronList(model: Model, { queue, after, limit }: CronList): Results["cronList"] {
  const crons = model.get(nameOf(queue))?.crons;
  const isLeft = (name: string) => after === null || name > toText(after);
  const names = [...(crons?.keys() ?? [])].filter(isLeft).toSorted((a, b) => (a < b ? -1 : 1));
  const page = names.slice(0, limit);
  return {
    entries: page.map((name) => entryAt(model, crons!.get(name)!).entry),
    next: names.length > limit ? toBytes(page.at(-1)!) : null,
  };
}

export function cronQueues(model: Model, { after, limit }: CronQueues): QueueNames {
  const found = model.crons.queueNames.after(after && toText(after), limit + 1);
  const queues = found.slice(0, limit).map(toBytes);
  return { queues, next: found.length > limit ? queues.at(-1)! : null };
}

export function cronDue(model: Model, { limit }: CronDue): CronAt[] {
  return model.crons.due(model.nowMs, limit).map((entry) => entryAt(model, entry));
}

export function cronFire(model: Model, operation: CronFire): CronOutcome {
  const { queue, name, version, expectedAtMs, nextAtMs, firesAtMs, push: pushed } = operation;
  const entry = entryOf(model, queue, name);
  if (entry?.version !== version || entry.nextAtMs !== expectedAtMs) return "stale";
  let outcome: CronOutcome = "moved";
  try {
    if (pushed) outcome = push(model, { kind: "push", queue, ...pushed });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    outcome = { code: error.code, refusing: error.queue };
  }
  const lastAtMs = outcome instanceof Buffer ? firesAtMs : entry.lastAtMs;
  model.setCron(model.open(entry.queueName), entry.name, { ...entry, lastAtMs, nextAtMs });
  return outcome;
}
