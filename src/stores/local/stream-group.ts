// The groups of a stream, which have queues, and their claims. See queue/streams.ts.
import { nameOf } from "../../queue/name-cache.ts";
import { DEFAULT_GROUP, type StreamAck } from "../../queue/streams.ts";
import { toBytes, toText } from "./bytes.ts";
import type { LocalEvent, LocalQueue } from "./local-queue.ts";
import type { Model } from "./model.ts";
import { CLAIMED } from "./states.ts";

/** The name of the first group of any queue. */
export const FIRST_GROUP = nameOf(DEFAULT_GROUP);

/** The name of the queue of a group; null if there is no such group. */
export function queueOfGroup(model: Model, queue: Buffer, group: Buffer): string | null {
  const name = nameOf(queue);
  const text = nameOf(group);
  if (text === FIRST_GROUP) return name;
  const known = model.get(name);
  if (known === undefined) return null;
  if (known.stream !== null && known.stream.group === text) return name;
  return known.bindings?.includes(text) ? `${name}@${text}` : null;
}

/** The bytes of a name, which is mostly that of `queue`. */
export function bytesOfName(name: string, queue: Buffer): Buffer {
  return name === nameOf(queue) ? queue : toBytes(name);
}

/** The claimed event of that id; such events are always in memory. */
export function claimedIn(queue: LocalQueue | undefined, id: Buffer): LocalEvent | undefined {
  const event = queue?.get(toText(id));
  return event?.state === CLAIMED ? event : undefined;
}

/** The claims that it ends; one may come twice. */
export function claimsOf(model: Model, { queue: top, group, ids }: StreamAck): LocalEvent[] {
  const name = queueOfGroup(model, top, group);
  const queue = name === null ? undefined : model.get(name);
  return ids.flatMap((id) => claimedIn(queue, id) ?? []);
}
