// Groups: what is known of them, and what they have of their own.
import type {
  GetGroup,
  GroupFacts,
  GroupPage,
  ScanGroups,
  SetGroup,
} from "../../../queue/groups.ts";
import { nameOf } from "../../../queue/name-cache.ts";
import { toBytes, toText } from "../bytes.ts";
import { NOTHING_OWN, type OwnSettings } from "../group.ts";
import { LocalQueue } from "../local-queue.ts";
import type { Model } from "../model.ts";

/** The oldest ready event is looked for among so many: those that are next out. */
const oldestOfReady = 100;

export function group(model: Model, { queue: name, group: bytes }: GetGroup): GroupFacts {
  // One that is not there has the settings of all queues.
  const queue = model.get(nameOf(name)) ?? new LocalQueue(nameOf(name));
  const found = queue.groups?.get(toText(bytes));
  const page = found?.line.page(null, oldestOfReady, false) ?? [];
  const pushedAt = page.map((entry) => model.inLine(queue, entry).pushedAtMs);
  return {
    group: bytes,
    ready: found?.line.length ?? 0,
    delayed: found?.delayed ?? 0,
    claimed: found?.claimed ?? 0,
    oldestReadyAtMs: pushedAt.length > 0 ? Math.min(...pushedAt) : null,
    isPaused: model.isPaused(found?.own.pausedUntilMs),
    limit: model.limitOf(queue, found),
    rate: model.rateOf(queue, found)?.text ?? "",
    nowMs: model.nowMs,
  };
}

/** In the order in which they came into being. */
export function groups(model: Model, { queue: name, after, limit }: ScanGroups): GroupPage {
  const from = after === null ? null : Number(toText(after));
  const found = model.get(nameOf(name))?.groups?.page(from, limit + 1) ?? [];
  const page = found.slice(0, limit);
  return {
    groups: page.map(({ name: text, line }) => ({ group: toBytes(text), ready: line.length })),
    next: found.length > limit ? toBytes(`${page.at(-1)!.number}`) : null,
  };
}

export function setGroup(model: Model, { queue, group: name, values }: SetGroup): boolean {
  return change(model, queue, name, Object.fromEntries(values));
}

/** False if too many groups have something of their own. */
export function pauseGroup(model: Model, queue: Buffer, name: Buffer, untilMs: number): boolean {
  return change(model, queue, name, { pausedUntilMs: untilMs });
}

export function resumeGroup(model: Model, queue: Buffer, name: Buffer): void {
  if (model.get(nameOf(queue))?.groups?.get(toText(name))) {
    change(model, queue, name, { pausedUntilMs: 0 });
  }
}

function change(
  model: Model,
  queueName: Buffer,
  name: Buffer,
  changes: Partial<OwnSettings>,
): boolean {
  const queue = model.open(nameOf(queueName));
  const text = toText(name);
  const own = queue.groups?.get(text)?.own ?? NOTHING_OWN;
  const isChanged = model.setOwn(queue, text, { ...own, ...changes });
  model.noteIfUnused(queue);
  return isChanged;
}
